import { explorersNamed } from '../verification/exploration/explorer-names.js'
import type { ParsedWords, Terminal } from '../world/terminal.js'
import { type Command, EXIT, type ExitCode, UsageError } from './command.js'
import { jobManifest } from './job-manifest.js'
import { oneOf, text, tried, whole } from './scenario-file.js'
import { yaml } from './yaml.js'

const EACH = 100
const PARALLELISM = 10

/** `troupe k8s manifest FILE`. */
export const manifestCommand: Command = {
  name: 'k8s manifest',
  usage:
    'FILE --image IMAGE (--executions N [--each N] | --shards N) [--using NAMES] [--claim NAME] [--out JOB.yaml]',
  summary: 'writes an Indexed Job that shares a campaign out over a cluster',
  details: [
    'FILE is the module as the image has it; the image begins with npx troupe (or see --command).',
    '',
    '--image               the image of the pods',
    `--executions          runs, at most, of all pods: each makes --each (${EACH}) of them, from seeds of its own`,
    '--shards              pods in place of that, each a slice of searches that end',
    '--using, --scenario, --nodes, --level, --seconds, --seed-base, --stall-ms   as for explore; --seconds is of a pod',
    `--parallelism         pods at once, at most (${PARALLELISM})`,
    '--claim               a volume claim that all pods can write to: results go to it, into a folder for each pod.',
    '                      Without it they go through the log of each pod',
    '--command             what starts troupe in the image, such as "npx troupe"; words with spaces between them',
    '--name, --namespace   of the Job (troupe)',
    '--out                 the file to write (the standard output)',
    '',
    'kubectl apply -f JOB.yaml starts it; k8s collect brings back what it found.',
  ],
  options: {
    image: { type: 'string' },
    executions: { type: 'string' },
    each: { type: 'string' },
    shards: { type: 'string' },
    using: { type: 'string' },
    scenario: { type: 'string' },
    nodes: { type: 'string' },
    level: { type: 'string' },
    seconds: { type: 'string' },
    'seed-base': { type: 'string' },
    'stall-ms': { type: 'string' },
    parallelism: { type: 'string' },
    claim: { type: 'string' },
    command: { type: 'string' },
    name: { type: 'string' },
    namespace: { type: 'string' },
    out: { type: 'string' },
  },
  run,
}

type Values = ParsedWords['values']

function run({ values, positionals }: ParsedWords, terminal: Terminal): ExitCode {
  const [file, ...more] = positionals
  if (file === undefined) throw new UsageError('which file, as the image has it?')
  if (more.length > 0) throw new UsageError(`one file at a time, got ${positionals.join(' ')}`)
  const image = text(values, 'image')
  if (image === undefined || !/^\S+$/.test(image)) throw new UsageError('--image is needed')
  const { completions, words } = sharesOf(values, terminal)
  const command = text(values, 'command')?.split(' ').filter(Boolean)
  const manifest = yaml(
    jobManifest({
      name: label(values, 'name') ?? 'troupe',
      namespace: label(values, 'namespace'),
      image,
      command,
      words: [file, ...passedOn(values), ...words],
      completions,
      parallelism: whole(values, 'parallelism', 1, 100_000) ?? Math.min(PARALLELISM, completions),
      claim: label(values, 'claim'),
    }),
  )
  const out = text(values, 'out')
  if (out === undefined) for (const line of manifest.trimEnd().split('\n')) terminal.out(line)
  else tried(`--out ${out}`, () => terminal.writeText(out, manifest))
  return EXIT.clean
}

/** How many pods, and what follows for each. */
function sharesOf(values: Values, terminal: Terminal) {
  const executions = whole(values, 'executions', 1)
  const each = whole(values, 'each', 1, 2 ** 31 - 1) ?? EACH
  const shards = whole(values, 'shards', 1, 100_000)
  const seeded = explorersNamed(text(values, 'using') ?? 'random', '--using').some(
    ({ factory }) => factory.seeded,
  )
  if (shards !== undefined) {
    if (executions !== undefined) throw new UsageError('--executions or --shards, not both')
    if (seeded && values['each'] === undefined) {
      throw new UsageError(
        '--shards is for searches that end; explorers that count seeds need --each',
      )
    }
    return { completions: shards, words: seeded ? ['--executions', String(each)] : [] }
  }
  if (executions === undefined) throw new UsageError('--executions or --shards is needed')
  const completions = Math.ceil(executions / each)
  if (completions > 100_000) throw new UsageError(`${completions} pods are too many: raise --each`)
  if (executions % each !== 0) {
    terminal.err(`${completions} pods of ${each} runs: ${completions * each} in all`)
  }
  return { completions, words: ['--executions', String(each)] }
}

/** Checked here, so that not every pod has to refuse it. */
function passedOn(values: Values): string[] {
  oneOf(values, 'level', ['nodes', 'messages'] as const)
  for (const name of ['nodes', 'seconds', 'stall-ms']) whole(values, name, 1)
  whole(values, 'seed-base', 0)
  const names = ['using', 'scenario', 'nodes', 'level', 'seconds', 'seed-base', 'stall-ms']
  return names.flatMap((name) => {
    const value = text(values, name)
    return value === undefined ? [] : [`--${name}`, value]
  })
}

/** A name as Kubernetes takes it: what the pods of a Job are called has to fit, too. */
function label(values: Values, name: string): string | undefined {
  const value = text(values, name)
  if (value === undefined || /^[a-z]([a-z0-9-]{0,50}[a-z0-9])?$/.test(value)) return value
  throw new UsageError(`--${name} must be small letters, digits and -, at most 52, got ${value}`)
}

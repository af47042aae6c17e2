import { filesOf } from '../verification/exploration/campaign-folder.js'
import type { ExplorationProgress } from '../verification/exploration/exploration.js'
import { type Campaign, exploreModule } from '../verification/exploration/explore.js'
import { EXPLORER_NAMES } from '../verification/exploration/explorer-names.js'
import { printResults } from '../verification/exploration/result-log.js'
import type { ParsedWords, Terminal } from '../world/terminal.js'
import { type Command, EXIT, type ExitCode, UsageError } from './command.js'
import {
  againBy,
  EXITS,
  SCENARIO_HELP,
  SCENARIO_OPTIONS,
  sourceOf,
  stallMsOf,
  text,
  whole,
} from './scenario-file.js'

const OUT = 'out'
const LIVE_MS = 100

/** `troupe explore FILE`. */
export const exploreCommand: Command = {
  name: 'explore',
  usage:
    'FILE [--using NAMES] [--executions N] [--seconds S] [--seed-base S] [--workers W] [--out DIR] [--json]',
  summary: 'runs a scenario many times and keeps what fails',
  details: [
    ...SCENARIO_HELP,
    '',
    `--using               ${EXPLORER_NAMES.join(', ')}; several take turns: random,pct(4),`,
    '                      omissions(max=2,crashes=1) (random; random,pos at level messages)',
    '--executions          runs, at most (1,000 where an explorer has no end and --seconds is not given)',
    '--seconds             wall time, at most',
    '--seed-base           the first seed (0)',
    '--shard               I/N: part I of N, for several processes, I from 0; job/N takes I from',
    '                      JOB_COMPLETION_INDEX, writes to DIR/I, and ends with 0 when something is found',
    '--workers             threads (one for each processor)',
    '--out                 the folder for summary.json, *.cx and *.trace.jsonl.gz (out)',
    '--stop-at-first       the first failure ends it',
    '--no-shrink           counterexamples stay as they were found; else each is made smaller, for 20 s at most',
    '--verify-determinism  so many runs are run twice, and compared (3)',
    '--log-results         the files of results also as lines of the output, for k8s collect',
    '--json                the summary as one JSON object',
    '',
    'Ctrl-C ends it; what was found is kept. A second one ends it at once.',
    'Ends with 0: nothing is wrong; 1: a counterexample, or a run that never ends; 2: the same run came out in',
    'two ways; 3: wrong use, or no scenario; 4: undecided: a search was not at its end, or limits ended runs.',
  ],
  options: {
    ...SCENARIO_OPTIONS,
    using: { type: 'string' },
    executions: { type: 'string' },
    seconds: { type: 'string' },
    'seed-base': { type: 'string' },
    shard: { type: 'string' },
    workers: { type: 'string' },
    out: { type: 'string' },
    'stop-at-first': { type: 'boolean' },
    'no-shrink': { type: 'boolean' },
    'verify-determinism': { type: 'string' },
    'log-results': { type: 'boolean' },
  },
  run,
}

async function run({ values, positionals }: ParsedWords, terminal: Terminal): Promise<ExitCode> {
  const [file, ...more] = positionals
  if (more.length > 0) throw new UsageError(`one file at a time, got ${positionals.join(' ')}`)
  const source = sourceOf(file, values)
  const part = partOf(values, terminal)
  const folder = text(values, 'out') ?? OUT
  const out = part?.ofJob ? `${folder}/${part.shard.index}` : folder
  const end = new AbortController()
  terminal.onInterrupt(() => {
    terminal.live(undefined)
    terminal.err(`troupe explore: ending; what was found is in ${out} (once more: at once)`)
    end.abort()
  })
  const campaign = await exploreModule(
    source,
    {
      ...budgetOf(values),
      ...(part !== undefined && { shard: part.shard }),
      workers: whole(values, 'workers', 1, 256) ?? terminal.processors,
      stallMs: stallMsOf(values),
      stopAtFirst: values['stop-at-first'] === true,
      shrink: values['no-shrink'] !== true,
      out,
      signal: end.signal,
      progress: shown(terminal),
    },
    againBy(file as string, values, out),
  ).finally(() => terminal.live(undefined))
  if (values['log-results'] === true) {
    const files = filesOf(out, part?.shard.index ?? 0)
    for (const line of printResults(files)) terminal.out(line)
  }
  return told(campaign, values, terminal, part?.ofJob === true)
}

function budgetOf(values: ParsedWords['values']) {
  const using = text(values, 'using')
  const executions = whole(values, 'executions', 1, 2 ** 31 - 1)
  const seconds = secondsOf(values)
  const verify = whole(values, 'verify-determinism', 0)
  return {
    ...(using !== undefined && { using }),
    ...(executions !== undefined && { executions }),
    ...(seconds !== undefined && { seconds }),
    ...(verify !== undefined && { verifyDeterminism: verify }),
    seedBase: whole(values, 'seed-base', 0) ?? 0,
  }
}

function secondsOf(values: ParsedWords['values']): number | undefined {
  const given = text(values, 'seconds')
  if (given === undefined) return undefined
  const seconds = Number(given)
  if (given.trim() !== '' && seconds > 0 && seconds < 1e9) return seconds
  throw new UsageError(`--seconds must be a number above 0, got ${given}`)
}

interface Part {
  readonly shard: { readonly index: number; readonly of: number }
  /** It is a pod of an Indexed Job. */
  readonly ofJob: boolean
}

function partOf(values: ParsedWords['values'], terminal: Terminal): Part | undefined {
  const given = text(values, 'shard')
  if (given === undefined) return undefined
  const [, which, count] = /^(\d+|job)\/(\d+)$/.exec(given) ?? []
  const ofJob = which === 'job'
  const said = ofJob ? terminal.variable('JOB_COMPLETION_INDEX') : which
  const [index, of] = [Number(said), Number(count)]
  if (which !== undefined && said === undefined) {
    throw new UsageError(
      '--shard job/N is for a pod of an Indexed Job: JOB_COMPLETION_INDEX is not set',
    )
  }
  if (Number.isInteger(index) && index >= 0 && index < of) return { shard: { index, of }, ofJob }
  throw new UsageError(`--shard must be I/N with I from 0 to N - 1, or job/N, got ${given}`)
}

/** How far it has come, now and then. */
function shown(terminal: Terminal): (progress: ExplorationProgress) => void {
  let lastMs = Number.NEGATIVE_INFINITY
  return ({ executions, failed, found, distinct, seconds, shrinking }) => {
    const nowMs = terminal.nowMs()
    if (nowMs - lastMs < LIVE_MS) return
    lastMs = nowMs
    if (shrinking !== undefined) {
      terminal.live(`making a counterexample smaller: ${shrinking}`)
      return
    }
    const figures = [
      `${executions} executions (${Math.round(executions / Math.max(0.001, seconds))}/s)`,
      `${distinct} distinct`,
      `${failed} failed`,
      ...(found > 0 ? [`${found} that differ`] : []),
      `${Math.round(seconds)} s`,
    ]
    terminal.live(figures.join(', '))
  }
}

/** In a Job what was found is a result and no failure of the pod; what makes the results worthless is one. */
function told(
  campaign: Campaign,
  values: ParsedWords['values'],
  terminal: Terminal,
  ofJob: boolean,
): ExitCode {
  if (values['json'] === true) terminal.out(JSON.stringify(campaign))
  else for (const line of campaign.report().split('\n')) terminal.out(line)
  const code = EXITS[campaign.verdict]
  return ofJob && code !== EXIT.nondeterminism ? EXIT.clean : code
}

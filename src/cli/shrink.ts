import type { ShrinkBudget, Smaller } from '../verification/exploration/desk.js'
import { DeskStuck } from '../verification/exploration/desk-thread.js'
import type { ParsedWords, Terminal } from '../world/terminal.js'
import { type Command, EXIT, type ExitCode, UsageError } from './command.js'
import {
  SCENARIO_HELP,
  SCENARIO_OPTIONS,
  sourceOf,
  text,
  tried,
  whole,
  withDesk,
} from './scenario-file.js'

const EXECUTIONS = 3_000
const SECONDS = 60

/** `troupe shrink FILE FOUND.cx`. */
export const shrinkCommand: Command = {
  name: 'shrink',
  usage: 'FILE FOUND.cx [-o OUT.cx] [--executions N] [--seconds S] [--keep PARTS] [--json]',
  summary: 'makes a counterexample smaller',
  details: [
    ...SCENARIO_HELP,
    '',
    '-o, --out             where the smaller one goes (FOUND.small.cx)',
    `--executions          runs, at most (${EXECUTIONS})`,
    `--seconds             wall time, at most (${SECONDS})`,
    '--keep                what stays: nodes,clients,operations,faults,deviations,values',
    '--json                the result as one JSON object',
    '',
    'Ends with 0: it does not fail any more; 1: it does, and the smaller one is written; 2: run twice, it is two',
    'runs; 3: wrong use, a damaged file, one of another scenario.',
  ],
  options: {
    ...SCENARIO_OPTIONS,
    out: { type: 'string', short: 'o' },
    executions: { type: 'string' },
    seconds: { type: 'string' },
    keep: { type: 'string' },
  },
  run,
}

async function run({ values, positionals }: ParsedWords, terminal: Terminal): Promise<ExitCode> {
  const [file, found, ...more] = positionals
  const source = sourceOf(file, values)
  if (found === undefined) throw new UsageError('which counterexample?')
  if (more.length > 0) throw new UsageError(`one counterexample at a time, got ${found} ${more}`)
  const content = tried(`${found} cannot be read`, () => terminal.readText(found))
  const out = text(values, 'out') ?? `${found.replace(/\.cx$/, '')}.small.cx`
  const options = budgetOf(values)
  return withDesk(source, values, async (desk) => {
    const task = { type: 'shrink', text: content, file: found, options } as const
    const show = (how: string): void => terminal.live(`${found}: ${how}`)
    const smaller = await desk
      .do(task, (event) => event.type === 'shrinks' && show(event.how))
      .catch((error: unknown) => {
        if (error instanceof DeskStuck) return error
        throw error
      })
      .finally(() => terminal.live(undefined))
    if (smaller instanceof DeskStuck) {
      terminal.err(`${found}: a run never ended: ${smaller.message}`)
      return EXIT.violation
    }
    return tell(found, out, smaller, values['json'] === true, terminal)
  })
}

function tell(
  found: string,
  out: string,
  { finding, taken, byHand }: Smaller,
  json: boolean,
  terminal: Terminal,
): ExitCode {
  if (finding !== undefined)
    tried(`${out} cannot be written`, () => terminal.writeText(out, finding.text))
  if (json) {
    const { check, signature, hash, operations, faults, deviations } = finding ?? {}
    const what = { check, signature, hash, operations, faults, deviations, taken, byHand, out }
    terminal.out(
      JSON.stringify({ file: found, fails: finding !== undefined, ...(finding && what) }),
    )
  } else if (finding === undefined) terminal.out(`${found}: it does not fail any more`)
  else {
    terminal.out(`${out}: ${finding.message.split('\n')[0]}`)
    terminal.out(`  ${taken}`)
    const lines = finding.text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    for (const line of lines) terminal.out(`    ${line}`)
    if (byHand) terminal.out('  its lines alone fail, too (replay --by-hand)')
  }
  return finding === undefined ? EXIT.clean : EXIT.violation
}

function budgetOf(values: ParsedWords['values']): ShrinkBudget {
  const keep = text(values, 'keep')
  return {
    executions: whole(values, 'executions', 1) ?? EXECUTIONS,
    seconds: whole(values, 'seconds', 1) ?? SECONDS,
    // what a part may be is said, and refused, by the search itself
    ...(keep !== undefined && { keep: keep.split(',') as NonNullable<ShrinkBudget['keep']> }),
  }
}

import { messageOf } from '../base/errors.js'
import { parseTrace, runCounterexampleInWorker, type Trace } from '../simulation/index.js'
import { diagramPage } from '../verification/diagram/page.js'
import { diagramPicture } from '../verification/diagram/picture.js'
import { shivizLog } from '../verification/diagram/shiviz.js'
import { BadModule, loadersFor, userModule } from '../world/real/user-module.js'
import type { ParsedWords, Terminal } from '../world/terminal.js'
import { EXIT, type ExitCode, UsageError } from './command.js'

/** This package: a scenario must import the same. */
const OWN = new URL('../../', import.meta.url)
const GUARDS = new URL('../simulation/guards/index.js', import.meta.url)

/** Runs `troupe show FILE`. */
export async function draw(
  { values, positionals }: ParsedWords,
  terminal: Terminal,
): Promise<ExitCode> {
  const [file, ...more] = positionals
  if (file === undefined) throw new UsageError('which file?')
  if (more.length > 0) throw new UsageError(`one file at a time, got ${positionals.join(' ')}`)
  if (values['svg'] && values['shiviz']) throw new UsageError('--svg or --shiviz, not both')
  const { lanes = 'nodes' } = values
  if (lanes !== 'nodes' && lanes !== 'actors') {
    throw new UsageError(`--lanes must be nodes or actors, got ${lanes}`)
  }
  const ending = values['svg'] ? 'svg' : values['shiviz'] ? 'shiviz.log' : 'html'
  const out = String(values['out'] ?? outOf(file, ending))
  const trace = await traceOf(file, values, terminal)
  const drawn = values['svg']
    ? diagramPicture(trace, { lanes })
    : values['shiviz']
      ? shivizLog(trace)
      : diagramPage(trace)
  if (out === '-') {
    terminal.out(drawn.replace(/\n$/, ''))
    return EXIT.clean
  }
  tried(`${out} cannot be written`, () => terminal.writeText(out, drawn))
  terminal.out(`${out}: ${trace.lines.length} lines of ${trace.header.name}`)
  return EXIT.clean
}

const outOf = (file: string, ending: string): string =>
  file === '-'
    ? '-'
    : `${file.replace(/\.gz$/, '').replace(/(\.trace)?\.jsonl$|\.cx$/, '')}.${ending}`

async function traceOf(
  file: string,
  values: ParsedWords['values'],
  terminal: Terminal,
): Promise<Trace> {
  const text = tried(`${file} cannot be read`, () => terminal.readText(file))
  const { module: given } = values
  if (!file.endsWith('.cx')) {
    if (given === undefined) return parseTrace(text, file)
    throw new UsageError('--module is for counterexamples (*.cx): a trace has all in it')
  }
  if (given === undefined) {
    throw new UsageError(`${file} is a counterexample, whose scenario is needed: --module MODULE`)
  }
  const module = moduleOf(String(given))
  const { verdict, value, reason } = await runCounterexampleInWorker(module, text, {
    export: String(values['scenario'] ?? 'default'),
    imports: [...loadersFor([module, import.meta.url]), GUARDS],
    file,
    trace: 'memory',
  })
  const trace = value?.result.trace
  if (trace === undefined) throw new UsageError(`${file} has no trace: ${reason ?? verdict}`)
  if (value?.outcome === 'other') {
    terminal.err(`${file}: the run is another one, that does not fail in the way that was recorded`)
  }
  return trace
}

function moduleOf(path: string): string {
  try {
    return userModule(path, OWN)
  } catch (error) {
    if (error instanceof BadModule) throw new UsageError(error.message, { cause: error })
    throw error
  }
}

function tried<T>(what: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw new UsageError(`${what}: ${messageOf(error)}`, { cause: error })
  }
}

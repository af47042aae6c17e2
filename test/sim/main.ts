/**
 * `npm run sim -- SCENARIO [--seed S] [--nodes N] [--json] [--trace FILE] [--cx FILE] [--replay FILE] [--lenient] [--until N] [--verify]`:
 * runs a scenario of examples/scenarios (or a file that exports one by default) once, or as a trace or counterexample says.
 * With `--seconds N [--seed-base B] [--out DIR] [--stop-at-first]` it runs one seed after another, and keeps what fails.
 * With `--verify` it runs the seed twice here and once in another process, and names the first event that differs.
 * Runs are in a thread that is watched: one that takes no step for `--stall-ms` (10,000) is killed and its seed named. With a debugger
 * attached (`--inspect`) a replay is in this thread, and nobody watches it: to stand still is no mistake there.
 * `npm run sim -- overlay …` measures overlays of thousands of nodes: see overlay-command.ts; `pictures` and `traffic`
 * draw them: see pictures.ts.
 * Ends with 0 when all checks held, 1 when one did not, 3 for wrong use.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { url as inspectorUrl } from 'node:inspector'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { codeOf } from '../../src/base/errors.js'
import {
  type CxRun,
  printCounterexample,
  printTrace,
  type Result,
  replay,
  report,
  runCounterexample,
  type Scenario,
} from '../../src/simulation/index.js'
import { campaign } from './campaign.js'
import {
  NoResult,
  ranAgain,
  replayed,
  type ScenarioModule,
  simulated,
  verified,
} from './in-thread.js'
import { overlayCommand } from './overlay-command.js'
import { picturesCommand, trafficCommand } from './pictures.js'

const HERE = new URL('../../examples/scenarios/', import.meta.url)
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

const OUTCOMES: Readonly<Record<CxRun['outcome'], string>> = {
  asRecorded: 'the run that was recorded, to the last bit',
  sameFailure: 'another run, that fails in the same way',
  other: 'another run, that does not fail in that way',
  byHand: 'line by line',
}

const CODE = {
  true: '; the code has changed since',
  false: '; scenario and actors are as they were recorded',
} as const

/** Scenarios that look for bugs in troupe itself. */
const OURS = new Set(['soak'])

const OPTIONS = {
  seed: { type: 'string', default: '1' },
  nodes: { type: 'string' },
  json: { type: 'boolean', default: false },
  trace: { type: 'string' },
  cx: { type: 'string' },
  replay: { type: 'string' },
  lenient: { type: 'boolean', default: false },
  until: { type: 'string' },
  verify: { type: 'boolean', default: false },
  'stall-ms': { type: 'string', default: '10000' },
  seconds: { type: 'string' },
  'seed-base': { type: 'string' },
  out: { type: 'string', default: 'counterexamples' },
  'stop-at-first': { type: 'boolean', default: false },
} as const

type Values = ReturnType<typeof parse>['values']

const parse = (argv: string[]) =>
  parseArgs({ args: argv, options: OPTIONS, allowPositionals: true, strict: true })

function usage(detail: string): never {
  const known = [...readdirSync(HERE).map((file) => file.replace(EXTENSION, '')), ...OURS]
  console.error(
    `${detail}\nusage: npm run sim -- SCENARIO [--seed S] [--nodes N] [--json] [--trace FILE]`,
  )
  console.error(
    `  [--cx FILE] [--replay FILE [--lenient] [--until N]] [--verify] [--stall-ms N]\n  [--seconds N [--seed-base B] [--out DIR] [--stop-at-first]]\n  SCENARIO one of: ${known.join(', ')}, or a file\n  or: npm run sim -- overlay --overlay NAME …, npm run sim -- pictures, npm run sim -- traffic LINES.jsonl --plot FILE.svg`,
  )
  process.exit(3)
}

interface Loaded {
  readonly scenario: Scenario
  readonly from: ScenarioModule
}

async function load(name: string, { nodes, 'stall-ms': stall }: Values): Promise<Loaded> {
  const known = OURS.has(name)
    ? new URL(`../soak/${name}-scenario${EXTENSION}`, import.meta.url)
    : undefined
  const path =
    known ??
    (/[./\\]/.test(name) ? pathToFileURL(resolve(name)) : new URL(`${name}${EXTENSION}`, HERE))
  const module = (await import(path.href).catch((error: unknown) => {
    usage(`cannot load scenario ${name}: ${(error as Error).message}`)
  })) as { default?: Scenario }
  const scenario = module.default
  if (scenario === undefined) usage(`${name} exports no scenario by default`)
  const stallMs = Number(stall)
  if (!(stallMs >= 1)) usage(`--stall-ms must be a number from 1, got ${stall}`)
  const from = { module: path.href, stallMs }
  if (nodes === undefined) return { scenario, from }
  if (!/^[1-9]\d*$/.test(nodes)) usage(`--nodes must be a whole number from 1, got ${nodes}`)
  return {
    scenario: { ...scenario, nodes: Number(nodes) },
    from: { ...from, nodes: Number(nodes) },
  }
}

async function run({ scenario, from }: Loaded, values: Values): Promise<Result> {
  const trace = values.trace === undefined ? 'none' : 'memory'
  if (values.replay === undefined) {
    for await (const one of simulated(from, [values.seed], { trace })) {
      if (one.result !== undefined) return one.result
      throw new NoResult(scenario.name, one)
    }
  }
  const file = values.replay as string
  const text = readFileSync(file, 'utf8')
  if (file.endsWith('.cx')) return repeatCounterexample({ scenario, from }, file, text, trace)
  return repeatTrace({ scenario, from }, file, text, trace, values)
}

/** Somebody looks at what stands still. */
const debugging = (): boolean => inspectorUrl() !== undefined

async function repeatCounterexample(
  { scenario, from }: Loaded,
  file: string,
  text: string,
  trace: 'none' | 'memory',
): Promise<Result> {
  const options = { file, trace }
  const { result, outcome, unused, changed } = debugging()
    ? await runCounterexample(text, scenario, options)
    : await ranAgain(scenario.name, from, text, options)
  console.error(`${file}: ${OUTCOMES[outcome]}${outcome === 'byHand' ? '' : CODE[`${changed}`]}`)
  for (const label of unused) console.error(`not used: ${label}`)
  return result
}

async function repeatTrace(
  { scenario, from }: Loaded,
  file: string,
  text: string,
  trace: 'none' | 'memory',
  values: Values,
): Promise<Result> {
  const mode = values.lenient ? 'lenient' : 'strict'
  const until = values.until === undefined ? {} : { until: Number(values.until) }
  const options = { file, mode, trace, ...until } as const
  const { result, unused, changed } = debugging()
    ? await replay(text, scenario, options)
    : await replayed(scenario.name, from, text, options)
  for (const label of unused) console.error(`not used: ${label}`)
  for (const part of changed) console.error(`changed since: ${part}`)
  return result
}

async function verify({ scenario, from }: Loaded, { seed }: Values): Promise<number> {
  await verified(scenario.name, from, seed)
  const where = from.nodes === undefined ? 'here and in another process' : 'here (--nodes)'
  console.log(`${scenario.name}: seed ${seed} gives the same run, ${where}`)
  return 0
}

async function search({ scenario, from }: Loaded, name: string, values: Values): Promise<number> {
  const seconds = Number(values.seconds)
  if (!(seconds > 0)) usage(`--seconds must be a number above 0, got ${values.seconds}`)
  const base = values['seed-base'] ?? String(Date.now() % 1_000_000)
  const { out, json } = values
  const stopAtFirst = values['stop-at-first']
  const say = (line: string): void => console.error(line)
  const result = await campaign(scenario, { seconds, base, out, stopAtFirst, name, from, say })
  if (json) console.log(JSON.stringify(result))
  else
    for (const [key, value] of Object.entries(result))
      console.log(`${key}: ${JSON.stringify(value)}`)
  return result.verdict === 'ok' ? 0 : 1
}

async function main(): Promise<number> {
  const [first, ...rest] = process.argv.slice(2)
  if (first === 'overlay') return overlayCommand(rest)
  if (first === 'pictures') return picturesCommand(rest)
  if (first === 'traffic') return trafficCommand(rest)
  let given: ReturnType<typeof parse>
  try {
    given = parse(process.argv.slice(2))
  } catch (error) {
    usage((error as Error).message)
  }
  const { values, positionals } = given
  const [name] = positionals
  if (name === undefined || positionals.length > 1) usage('one scenario is needed')
  const loaded = await load(name, values)
  if (values.seconds !== undefined) return search(loaded, name, values)
  if (values.verify) return verify(loaded, values)
  const began = performance.now()
  const result = await run(loaded, values)
  const seconds = Math.round(performance.now() - began) / 1000
  if (values.trace !== undefined && result.trace !== undefined) {
    writeFileSync(values.trace, printTrace(result.trace))
  }
  if (values.cx !== undefined) writeFileSync(values.cx, printCounterexample(result))
  const { seed, verdict, check, hash, events, virtualMs } = result
  const failed = check === undefined ? {} : { check, error: result.error?.message }
  const line = {
    scenario: result.scenario,
    seed,
    verdict,
    ...failed,
    hash,
    events,
    virtualMs,
    seconds,
  }
  if (values.json) console.log(JSON.stringify(line))
  else {
    console.log(report(result))
    if (verdict !== 'ok') console.log(`  again: npm run sim -- ${name} --seed ${seed}`)
  }
  return verdict === 'ok' || verdict === 'stopped' ? 0 : 1
}

try {
  process.exitCode = await main()
} catch (error) {
  const noResult = error instanceof NoResult ? error.verdict : undefined
  const known = error instanceof NoResult || codeOf(error) !== undefined
  console.error(known ? (error as Error).message : error)
  process.exitCode = noResult === 'stuck' || codeOf(error) === 'ERR_NONDETERMINISM' ? 1 : 3
}

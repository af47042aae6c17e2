/**
 * `npm run sim -- SCENARIO [--seed S] [--nodes N] [--json] [--trace FILE] [--cx FILE] [--replay FILE] [--lenient] [--until N]`:
 * runs a scenario of examples/scenarios (or a file that exports one by default) once, or as a trace or counterexample says.
 * With `--seconds N [--seed-base B] [--out DIR] [--stop-at-first]` it runs one seed after another, and keeps what fails.
 * Ends with 0 when all checks held, 1 when one did not, 3 for wrong use.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { codeOf } from '../../src/base/errors.js'
import {
  printCounterexample,
  printTrace,
  type Result,
  replay,
  report,
  runCounterexample,
  type Scenario,
  simulate,
} from '../../src/simulation/index.js'
import { campaign } from './campaign.js'

const HERE = new URL('../../examples/scenarios/', import.meta.url)

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
  seconds: { type: 'string' },
  'seed-base': { type: 'string' },
  out: { type: 'string', default: 'counterexamples' },
  'stop-at-first': { type: 'boolean', default: false },
} as const

type Values = ReturnType<typeof parse>['values']

const parse = (argv: string[]) =>
  parseArgs({ args: argv, options: OPTIONS, allowPositionals: true, strict: true })

function usage(detail: string): never {
  const known = [...readdirSync(HERE).map((file) => file.replace(/\.ts$/, '')), ...OURS]
  console.error(
    `${detail}\nusage: npm run sim -- SCENARIO [--seed S] [--nodes N] [--json] [--trace FILE]`,
  )
  console.error(
    `  [--cx FILE] [--replay FILE [--lenient] [--until N]]\n  SCENARIO one of: ${known.join(', ')}, or a file`,
  )
  process.exit(3)
}

async function load(name: string, { nodes }: Values): Promise<Scenario> {
  const known = OURS.has(name) ? new URL(`../soak/${name}-scenario.ts`, import.meta.url) : undefined
  const path =
    known ?? (/[./\\]/.test(name) ? pathToFileURL(resolve(name)) : new URL(`${name}.ts`, HERE))
  const module = (await import(path.href).catch((error: unknown) => {
    usage(`cannot load scenario ${name}: ${(error as Error).message}`)
  })) as { default?: Scenario }
  const scenario = module.default
  if (scenario === undefined) usage(`${name} exports no scenario by default`)
  if (nodes === undefined) return scenario
  if (!/^[1-9]\d*$/.test(nodes)) usage(`--nodes must be a whole number from 1, got ${nodes}`)
  return { ...scenario, nodes: Number(nodes) }
}

async function run(scenario: Scenario, values: Values): Promise<Result> {
  const trace = values.trace === undefined ? 'none' : 'memory'
  if (values.replay === undefined) return simulate(scenario, { seed: values.seed, trace })
  const file = values.replay
  const text = readFileSync(file, 'utf8')
  if (file.endsWith('.cx')) {
    const { result, outcome } = await runCounterexample(text, scenario, { file, trace })
    console.error(`${file}: ${outcome}`)
    return result
  }
  const mode = values.lenient ? 'lenient' : 'strict'
  const until = values.until === undefined ? {} : { until: Number(values.until) }
  const { result, unused } = await replay(text, scenario, { file, mode, trace, ...until })
  for (const label of unused) console.error(`not used: ${label}`)
  return result
}

async function search(scenario: Scenario, name: string, values: Values): Promise<number> {
  const seconds = Number(values.seconds)
  if (!(seconds > 0)) usage(`--seconds must be a number above 0, got ${values.seconds}`)
  const base = values['seed-base'] ?? String(Date.now() % 1_000_000)
  const { out, json } = values
  const stopAtFirst = values['stop-at-first']
  const say = (line: string): void => console.error(line)
  const result = await campaign(scenario, { seconds, base, out, stopAtFirst, name, say })
  if (json) console.log(JSON.stringify(result))
  else
    for (const [key, value] of Object.entries(result))
      console.log(`${key}: ${JSON.stringify(value)}`)
  return result.verdict === 'ok' ? 0 : 1
}

async function main(): Promise<number> {
  let given: ReturnType<typeof parse>
  try {
    given = parse(process.argv.slice(2))
  } catch (error) {
    usage((error as Error).message)
  }
  const { values, positionals } = given
  const [name] = positionals
  if (name === undefined || positionals.length > 1) usage('one scenario is needed')
  const scenario = await load(name, values)
  if (values.seconds !== undefined) return search(scenario, name, values)
  const began = performance.now()
  const result = await run(scenario, values)
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
  console.error(codeOf(error) === undefined ? error : (error as Error).message)
  process.exitCode = 3
}

import { TroupeError } from '../../base/errors.js'
import {
  badOption,
  check,
  durationMs,
  type Fields,
  integer,
  isBoolean,
  isFunction,
  isObject,
  isText,
  readOptions,
} from '../../base/options.js'
import type { Scenario } from '../../simulation/index.js'
import { nodesOf } from '../../simulation/scenario.js'
import { realTerminal } from '../../world/real/real-terminal.js'
import type { ExplorerFactory } from '../explorer.js'
import type { ShrinkOptions } from '../shrink/shrink.js'
import { CampaignFolder } from './campaign-folder.js'
import type { CampaignCounterexample, CampaignRecord } from './campaign-record.js'
import { type Again, campaignReport } from './campaign-report.js'
import { Desk, type ShrinkBudget } from './desk.js'
import { DeskStuck, DeskThread } from './desk-thread.js'
import { Exploration, type ExplorationProgress } from './exploration.js'
import { explorersNamed, type NamedExplorer } from './explorer-names.js'
import { factsOf, type ScenarioFacts, type ScenarioSource } from './scenario-source.js'
import type { Worker } from './scenario-worker.js'

export interface ExploreOptions {
  /**
   * Who names the runs, in turns: explorers, or their names as on the command line, `'random,pct(4)'`. Default:
   * `random`, and `pos` too at level `messages`.
   */
  readonly using?: string | ExplorerFactory | readonly ExplorerFactory[]
  /** Runs, at most. Default: 1,000 where an explorer has no end and `seconds` is not given, else no bound. */
  readonly executions?: number
  /** Wall time in seconds, at most. */
  readonly seconds?: number
  /** The first seed. Default 0. */
  readonly seedBase?: number
  /**
   * A part of the work, for several processes: seeds from `seedBase + index * executions` on, and one of so many
   * slices of searches that end. Default: all of it.
   */
  readonly shard?: { readonly index: number; readonly of: number }
  /** The first failure ends the campaign. Default false. */
  readonly stopAtFirst?: boolean
  /** So many of the runs, the first ones, are run twice and compared. Default 3. */
  readonly verifyDeterminism?: number
  /**
   * Every counterexample is made smaller before it is reported: true, false, or bounds. Default: true, with at most
   * 1,000 runs and 20 s for each.
   */
  readonly shrink?: boolean | ShrinkOptions
  /** The folder for `summary.json`, counterexamples and traces. Default: none. */
  readonly out?: string
  /**
   * Threads that share the runs. They load the scenario from `module`, and `using` must be names. A run that never ends
   * is killed and reported; without threads it hangs. Default: none, the runs are made here.
   */
  readonly workers?: number
  /** The module that exports the scenario: `import.meta.url` of a file, mostly. Needed for `workers`. */
  readonly module?: string | URL
  /** By which name. Default: its default export, or its only scenario. */
  readonly export?: string
  /** Modules that each thread loads before the scenario's; `troupe/guards`, and tsx for TypeScript, come before these. */
  readonly imports?: readonly (string | URL)[]
  /** Real time without a step after which a thread's run counts as never ending, in ms. Default 10,000. */
  readonly stallMs?: number
  /** Ends the campaign early; what was found by then is in the result. */
  readonly signal?: AbortSignal
  /** After every run. */
  readonly progress?: (progress: ExplorationProgress) => void
}

/** What came of many runs of a scenario. */
export interface Campaign extends CampaignRecord {
  /** Nothing is wrong, and all that was to be tried was: `verdict` is `ok`. */
  readonly ok: boolean
  /** What was met: faults by their first word, operations by name and end, and in how many runs one was done. */
  readonly coverage: Pick<CampaignRecord, 'faults' | 'operations' | 'completed'>
  /** For people: counterexamples and how to see them again, `check.sometimes` that no run reached. */
  report(): string
}

const EXECUTIONS = 1_000
const VERIFIED = 3
const STALL_MS = 10_000
const SHRINKING: ShrinkBudget = { executions: 1_000, seconds: 20 }

const FIELDS = {
  using: {
    fallback: undefined,
    check: check('explorers, or a text with their names', (value) =>
      [value].flat().every((one) => typeof one === 'string' || isFactory(one)),
    ),
  },
  executions: { fallback: undefined, check: integer(1, 2 ** 31 - 1) },
  seconds: {
    fallback: undefined,
    check: check<number>('a number of seconds above 0', (v) => typeof v === 'number' && v > 0),
  },
  seedBase: { fallback: 0, check: integer(0) },
  shard: {
    fallback: { index: 0, of: 1 },
    check: check<ExploreOptions['shard']>(
      'an index and of how many, as in { index: 0, of: 4 }',
      isShard,
    ),
  },
  stopAtFirst: { fallback: false, check: isBoolean },
  verifyDeterminism: { fallback: VERIFIED, check: integer(0) },
  shrink: {
    fallback: true,
    check: check<ExploreOptions['shrink']>(
      'true, false or an object of options',
      (v) => typeof v === 'boolean' || isObject().test(v),
    ),
  },
  out: { fallback: undefined, check: isText },
  workers: { fallback: undefined, check: integer(1, 256) },
  module: {
    fallback: undefined,
    check: check('a module', (v) => isText.test(v) || v instanceof URL),
  },
  export: { fallback: undefined, check: isText },
  imports: { fallback: [], check: check('an array of modules', Array.isArray) },
  stallMs: { fallback: STALL_MS, check: durationMs(1) },
  signal: { fallback: undefined, check: isObject<AbortSignal>() },
  progress: { fallback: undefined, check: isFunction() },
} as unknown as Fields<ExploreOptions>

/**
 * Runs a scenario many times, as explorers say, and gives what was found: of every failure the smallest run, as a
 * text that repeats it. Works under any test runner: it is just a promise.
 *
 *     const campaign = await explore(bank, { using: [random(), pos()], executions: 1_000 })
 *     assert.ok(campaign.ok, campaign.report())
 *
 * Failures are results. What was found is in `out` as soon as it was found, whatever comes after.
 *
 * @throws TroupeError ERR_BAD_OPTION, before the first run where nothing can be written to `out`; ERR_BAD_SCENARIO
 */
export async function explore(scenario: Scenario, options: ExploreOptions = {}): Promise<Campaign> {
  const read = readOptions('explore', FIELDS, options)
  const { module, workers } = read
  nodesOf(scenario)
  if (workers === undefined || module === undefined) {
    if (workers !== undefined) {
      throw badOption('explore.module', 'the module that exports the scenario, for workers', module)
    }
    return exploreHere(scenario, read)
  }
  const { nodes, level } = scenario
  const source: ScenarioSource = {
    module: String(module),
    ...(read.export !== undefined && { export: read.export }),
    nodes,
    ...(level !== undefined && { level }),
  }
  return exploreModule(source, read)
}

async function exploreHere(scenario: Scenario, read: ExploreOptions): Promise<Campaign> {
  const facts = factsOf(scenario)
  const named = namedOf(read, facts)
  const worker = new HereWorker(new Desk(scenario, realTerminal.nowMs, named))
  return campaignOf(read, facts, named, {}, () => worker, worker)
}

/** The same in threads, which load the scenario. @throws also what says that the module cannot be loaded */
export async function exploreModule(
  source: ScenarioSource,
  options: ExploreOptions,
  again?: Again,
): Promise<Campaign> {
  const read = readOptions('explore', FIELDS, options)
  const { imports = [], stallMs = STALL_MS, using } = read
  if (using !== undefined && typeof using !== 'string') {
    throw badOption(
      'explore.using',
      "names, such as 'random,pct(4)', where threads run them",
      'explorers',
    )
  }
  if (read.out !== undefined) CampaignFolder.open(read.out, 'explore.out')
  const hire = (): Worker => new DeskThread(source, { imports: imports.map(String), stallMs })
  const first = hire()
  try {
    const facts = await first.do({ type: 'describe' }).catch((error: unknown) => {
      if (!(error instanceof DeskStuck)) throw error
      const detail = `${source.module} was not loaded: ${error.message}`
      throw new TroupeError('ERR_BAD_SCENARIO', detail, { cause: error })
    })
    const { nodes, level } = source
    const changed = { ...(nodes !== undefined && { nodes }), ...(level !== undefined && { level }) }
    return await campaignOf(read, facts, namedOf(read, facts), changed, hire, first, again)
  } finally {
    await first.close()
  }
}

async function campaignOf(
  read: ExploreOptions,
  facts: ScenarioFacts,
  explorers: readonly NamedExplorer[],
  changed: Pick<ScenarioSource, 'nodes' | 'level'>,
  hire: () => Worker,
  first: Worker,
  again?: Again,
): Promise<Campaign> {
  const { out, signal, progress, seedBase = 0, workers = 1, seconds } = read
  const { shard = { index: 0, of: 1 }, stopAtFirst = false, verifyDeterminism = VERIFIED } = read
  const seeded = explorers.some(({ factory }) => factory.seeded)
  const byDefault = seeded && seconds === undefined ? EXECUTIONS : undefined
  const executions = read.executions ?? byDefault
  if (shard.of > 1 && seeded && executions === undefined) {
    throw badOption(
      'explore.executions',
      'given for a part of the work that counts seeds',
      executions,
    )
  }
  const folder = out === undefined ? undefined : CampaignFolder.open(out, 'explore.out')
  const exploration = new Exploration(
    {
      explorers,
      executions,
      seconds,
      seedBase,
      shard,
      workers,
      stopAtFirst,
      verify: verifyDeterminism,
      shrink: shrinkingOf(read),
      changed,
    },
    facts,
    hire,
    folder,
    progress === undefined ? {} : { progress },
    realTerminal.nowMs,
  )
  const interrupt = (): void => exploration.interrupt()
  if (signal?.aborted) interrupt()
  signal?.addEventListener('abort', interrupt, { once: true })
  try {
    return campaign(await exploration.run(first), again ?? againBy(facts))
  } finally {
    signal?.removeEventListener('abort', interrupt)
  }
}

/** What crosses to a thread: `progress` does not. */
function shrinkingOf({ shrink = true }: ExploreOptions): ShrinkBudget | undefined {
  if (typeof shrink === 'boolean') return shrink ? SHRINKING : undefined
  const { progress: _, ...bounds } = shrink
  return { ...SHRINKING, ...bounds }
}

/** A record with what can be asked of it. */
export function campaign(record: CampaignRecord, again: Again): Campaign {
  const { faults, operations, completed, verdict } = record
  return {
    ...record,
    ok: verdict === 'ok',
    coverage: { faults, operations, completed },
    report: () => campaignReport(record, again),
  }
}

/** By calls, where there is no command line. */
const againBy = ({ name }: ScenarioFacts): Again => ({
  replay: ({ file, seed }: CampaignCounterexample) =>
    file === undefined
      ? `runCounterexample(counterexample.text, ${name}), with seed ${seed} and what differs from it`
      : `runCounterexample(text of ${file}, ${name})`,
  rerun: (using, seed) =>
    `explore(${name}, { using: '${using}', seedBase: ${seed}, executions: 1 })`,
})

function namedOf({ using }: ExploreOptions, { level }: ScenarioFacts): NamedExplorer[] {
  const named =
    using === undefined || typeof using === 'string'
      ? explorersNamed(using ?? (level === 'messages' ? 'random,pos' : 'random'), 'explore.using')
      : [using].flat().map((factory: ExplorerFactory) => ({ text: factory.name, factory }))
  if (named.length === 0) throw badOption('explore.using', 'at least one explorer', using)
  const unfit = named.find(({ factory }) => level !== 'messages' && !/^random\b/.test(factory.name))
  if (unfit === undefined) return named
  const detail = `${unfit.text} chooses what becomes of single messages: it needs a scenario of level 'messages', and this one is of level 'nodes'`
  throw new TroupeError('ERR_BAD_OPTION', detail)
}

/** In this thread; nobody watches it. */
class HereWorker implements Worker {
  gone = false
  readonly #desk: Desk

  constructor(desk: Desk) {
    this.#desk = desk
  }

  do: Worker['do'] = async (task, say = () => {}) =>
    (await this.#desk.do(task, say, () => !this.gone)) as never

  async close(): Promise<void> {
    this.gone = true
  }
}

function isShard(value: unknown): boolean {
  const { index, of } = (value ?? {}) as Partial<Record<'index' | 'of', unknown>>
  return integer(1, 1_000_000).test(of) && integer(0, of - 1).test(index)
}

const isFactory = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'create' in value && 'name' in value

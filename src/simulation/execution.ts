import { printFault } from '../fault/fault-text.js'
import { CheckFailed, type View, verify } from './check.js'
import { sharesOf } from './choice-shares.js'
import { type ChoiceSource, Choices, SeededChoices, TapeChoices } from './choices.js'
import { ClusterView } from './cluster-view.js'
import { Client, Driver, type DriverGround } from './driver.js'
import { watchExchanges } from './exchange-watch.js'
import { FaultPlayer } from './fault-player.js'
import { type FaultLine, faultSchedule } from './fault-schedule.js'
import { RunSources } from './fingerprint.js'
import { MessageTrace } from './message-trace.js'
import { History, type Op, type Plain } from './op.js'
import { toPlain } from './plain.js'
import { Recorder } from './recorder.js'
import type { Membership, Result, Verdict } from './result.js'
import { traceOf } from './run-trace.js'
import type { Limits, Scenario } from './scenario.js'
import { checkScript } from './script-check.js'
import { ScriptPlayer } from './script-player.js'
import { signatureOf } from './signature.js'
import { CLIENTS, SimCluster } from './sim-cluster.js'
import { SimFaults } from './sim-faults.js'
import { type OnRuling, SimRules } from './sim-rules.js'
import type { SimulateOptions } from './simulate.js'
import { Simulation } from './simulation.js'
import { type FailureKind, SimulationFailure } from './simulation-failure.js'
import type { TraceLine } from './trace-line.js'

const STEPS = 2_000_000
const VIRTUAL_MS = 600_000
const SETTLE_MS = 10_000
/** How long a scenario without a workload runs. */
const IDLE_MS = 10_000
const CALL_TIMEOUT_MS = 10_000
/** Between two looks at what is to hold in the end. */
const LOOK_MS = 20

/** Choices that are faults: a tape with these is of a run with faults, whatever the model says. */
const FAULTY = /^(drop|duplicate|crash) /

/** Limits of the simulation itself, by what it says. */
const LIMITS: Partial<Record<FailureKind, Verdict>> = {
  sends: 'sendLimit',
  standstill: 'stepLimit',
}

/** One run of a scenario. */
export class Execution {
  readonly #scenario: Scenario
  readonly #options: SimulateOptions
  /** A list without faults is as none: what is replayed has one. */
  readonly #faulty: boolean
  readonly #limits: Required<Omit<Limits, 'sends' | 'earlyTimers'>>
  readonly #seed: string
  readonly #sim: Simulation
  readonly #cluster: SimCluster
  readonly #rules: SimRules
  readonly #faults: SimFaults
  readonly #history = new History()
  readonly #source: ChoiceSource
  readonly #choices: Choices
  readonly #recorder: Recorder | undefined
  readonly #lines: TraceLine[] = []
  readonly #membership: Membership[] = []
  readonly #player: FaultPlayer
  readonly #view: View
  readonly #sometimes: Record<string, number> = {}
  #workloadUs = 0
  #failure: { readonly check: string; readonly error: Error } | undefined
  #limit: Verdict | undefined
  /** Which limit it was, and what had not ended. */
  #limitError: Error | undefined
  #over = false
  #checking = false

  /** @throws TroupeError ERR_BAD_SCENARIO, ERR_BAD_OPTION */
  constructor(scenario: Scenario, options: SimulateOptions) {
    this.#scenario = scenario
    this.#options = options
    const { steps = STEPS, virtualMs = VIRTUAL_MS, settleMs } = scenario.limits ?? {}
    const taped = Object.keys(options.tape ?? {}).some((label) => FAULTY.test(label))
    this.#faulty = scenario.faults !== undefined || (options.faults ?? []).length > 0 || taped
    this.#limits = { steps, virtualMs, settleMs: settleMs ?? (this.#faulty ? SETTLE_MS : 0) }
    this.#seed = String(options.seed ?? 1)
    this.#sim = new Simulation({
      seed: this.#seed,
      ...scenario.network,
      escapedWaits: scenario.escapedWaits ?? 'handler',
      ...(scenario.guards !== undefined && { guards: scenario.guards }),
      ...(scenario.limits?.sends !== undefined && { maxSendsAnEvent: scenario.limits.sends }),
      ...(options.drain !== undefined && { drain: options.drain }),
      ...(options.onEvent !== undefined && { trace: options.onEvent }),
    })
    const nodes = options.script?.nodes ?? scenario.nodes
    this.#cluster = new SimCluster(this.#sim, { ...scenario, nodes })
    checkScript(scenario, options.script)
    this.#view = new ClusterView(this.#sim, this.#cluster, this.#history, options.exchanges)
    this.#source =
      options.choices ??
      (options.tape === undefined ? new SeededChoices(this.#seed) : new TapeChoices(options.tape))
    this.#choices = new Choices(this.#source, (choice) => {
      this.#note('choice', { id: choice.label, d: choice.pick })
    })
    this.#recorder = this.#recording(options)
    // Rules stand before the trace at every gate: it writes down what they left.
    const report: OnRuling = (...ruling) => messages?.ruling(...ruling)
    const recorder = this.#recorder
    this.#rules = new SimRules(this.#cluster, this.#seed, recorder && report)
    const messages = recorder && new MessageTrace(this.#cluster, recorder)
    this.#faults = new SimFaults(this.#cluster, this.#rules, scenario.userFaults ?? {}, (error) =>
      this.#fail('start', error),
    )
    for (const { fault } of options.faults ?? []) this.#faults.check(fault)
    const { clock } = this.#sim.world(CLIENTS)
    const order = (): number => this.#history.order
    this.#player = new FaultPlayer(this.#faults, clock, order, (line) => {
      const id = printFault(line.fault)
      options.exchanges?.befell(`${line.ends ? 'end-' : ''}${id}`)
      this.#note(line.ends ? 'end-fault' : 'fault', { id })
    })
    for (const name of (scenario.checks ?? []).filter(({ type }) => type === 'sometimes')) {
      this.#sometimes[name.name] = 0
    }
  }

  async run(): Promise<Result> {
    this.#listen()
    let setUp: unknown
    const main = this.#main().catch((error: unknown) => {
      setUp = error
    })
    void main.then(() => {
      this.#over = true
    })
    try {
      await this.#sim.runUntil(
        () => this.#done(),
        Number.MAX_SAFE_INTEGER,
        'the end of the scenario',
      )
    } catch (error) {
      if (!(error instanceof SimulationFailure)) throw error
      const limit = LIMITS[error.kind]
      if (limit !== undefined) this.#end(limit, error.message)
      else this.#fail('error', error.cause instanceof Error ? error.cause : error)
    }
    this.#options.exchanges?.end()
    this.#cluster.end()
    if (setUp !== undefined) throw setUp
    return this.#result()
  }

  /** Asked after every event: checks that must always hold, and limits. */
  #done(): boolean {
    if (this.#over || this.#failure !== undefined || this.#limit !== undefined) return true
    const { events, nowMs } = this.#sim
    const { steps, virtualMs } = this.#limits
    if (events > steps) return this.#end('stepLimit', `more than ${steps} events`)
    if (nowMs > virtualMs) return this.#end('timeLimit', `not over after ${virtualMs} virtual ms`)
    if (this.#checking) this.#checkAlways(events)
    return this.#failure !== undefined
  }

  #end(limit: Verdict, what: string): true {
    this.#limit ??= limit
    this.#limitError ??= new Error([what, ...this.#unfinished()].join('; '))
    return true
  }

  #unfinished(): string[] {
    if (!this.#checking) {
      const { missing } = this.#cluster
      return [
        missing === undefined ? 'start has not ended' : `the nodes have not joined: ${missing}`,
      ]
    }
    return this.#history.ops
      .filter(({ status }) => status === 'open')
      .slice(0, 3)
      .map(({ name, node, calledUs }) => `${name} on ${node} is open since ${calledUs / 1000} ms`)
  }

  #checkAlways(events: number): void {
    for (const check of this.#scenario.checks ?? []) {
      if (check.type !== 'always' || events % check.every !== 0) continue
      const failed = verify(check.name, () => check.holds(this.#view))
      if (failed !== undefined) this.#fail(check.name, failed)
    }
  }

  /** Rejects when the cluster does not start: that is no verdict but a mistake in the scenario. */
  async #main(): Promise<void> {
    await this.#cluster.start()
    this.#checking = true
    this.#workloadUs = this.#nowUs()
    try {
      await this.#work()
      await this.#settle()
    } catch (error) {
      if (error instanceof CheckFailed) this.#fail(error.check, error)
      else this.#fail('workload', error)
    }
  }

  async #work(): Promise<void> {
    const { workload, faults } = this.#scenario
    const { script } = this.#options
    const ground = this.#ground()
    const [first = ''] = this.#cluster.names
    const driver = new Driver(ground, 'c', first)
    if (this.#faulty) this.#rules.number()
    if (this.#scenario.level === 'messages') {
      this.#sim.bus.decide(this.#choices, this.#scenario.limits?.earlyTimers ?? 0)
      watchExchanges(this.#options.exchanges, this.#sim, this.#cluster)
    }
    const shares = sharesOf(faults, this.#options.tape)
    if (shares.loss + shares.duplication + shares.stops > 0) {
      this.#rules.decide(this.#choices, shares, this.#scenario.level === 'messages')
    }
    this.#player.begin(this.#schedule())
    if (script !== undefined) {
      await new ScriptPlayer(driver, (name) => new Client(ground, name, first)).play(script)
    } else if (workload === undefined) await driver.sleep(Math.min(IDLE_MS, this.#limits.virtualMs))
    else await workload(driver)
    this.#player.stop()
  }

  /** Faults are over: what must come to hold gets its time. */
  async #settle(): Promise<void> {
    const { checks = [], faults } = this.#scenario
    const { clock } = this.#sim.world(CLIENTS)
    const sleep = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        clock.after(ms, resolve)
      })
    if (this.#player.happened.length > 0) {
      this.#faults.resolveAll({ restart: faults?.options.recover ?? true })
      this.#note('end-fault', { id: 'fault resolve_all' })
    }
    if (this.#limits.settleMs > 0) await sleep(this.#limits.settleMs)
    const endUs = this.#nowUs()
    for (const check of checks) {
      if (check.type !== 'eventually') continue
      for (;;) {
        const failed = verify(check.name, () => check.holds(this.#view))
        if (failed === undefined) break
        if (this.#nowUs() - endUs >= check.withinMs * 1000) throw failed
        await sleep(LOOK_MS)
      }
    }
    for (const check of checks) {
      if (check.type !== 'history') continue
      const failed = verify(check.name, () => check.holds(this.#history.ops))
      if (failed !== undefined) throw failed
    }
  }

  #schedule(): Iterator<FaultLine, unknown> {
    const { faults, script } = this.#options
    if (faults !== undefined || script !== undefined) {
      return (faults ?? []).filter(({ by }) => by === 'schedule')[Symbol.iterator]()
    }
    const model = this.#scenario.faults
    return model === undefined
      ? [][Symbol.iterator]()
      : faultSchedule(model, this.#seed, this.#cluster.names)
  }

  #ground(): DriverGround {
    const { clock } = this.#sim.world(CLIENTS)
    return {
      cluster: this.#cluster,
      history: this.#history,
      operations: this.#scenario.operations ?? {},
      clock,
      random: this.#sim.random,
      seed: this.#seed,
      callTimeoutMs: this.#scenario.callTimeoutMs ?? CALL_TIMEOUT_MS,
      nowUs: () => this.#nowUs(),
      looked: (node) => this.#options.exchanges?.looked.add(node),
      inject: (fault, ends) => this.#player.inject(fault, ends),
      called: (op) => {
        const { index, node, client, name, args } = op
        this.#options.exchanges?.called(op)
        this.#source.called?.(op, this.#sim.events)
        this.#note('op.call', { n: node, id: `${client}#${index}`, d: [name, ...args] as Plain })
      },
      returned: (op) => this.#returned(op),
      reached: (name) => this.#reached(name),
      note: (tag, data) => {
        this.#note('note', { id: tag, d: toPlain(data) })
      },
    }
  }

  #returned(op: Op): void {
    const { index, client, status, value, code } = op
    this.#options.exchanges?.returned(op)
    const d = status === 'ok' ? { status, value } : { status, code }
    this.#note('op.ret', { id: `${client}#${index}`, d: toPlain(d) })
  }

  #reached(name: string): void {
    if (!Object.hasOwn(this.#sometimes, name)) {
      throw new RangeError(`no check.sometimes(${JSON.stringify(name)}) in scenario`)
    }
    this.#sometimes[name] = (this.#sometimes[name] ?? 0) + 1
    if (this.#sometimes[name] === 1) this.#note('sometimes', { id: name })
  }

  #recording({ trace = 'none', sink }: SimulateOptions): Recorder | undefined {
    if (trace === 'none' && sink === undefined) return undefined
    const run = {
      nowUs: () => this.#nowUs(),
      hash: () => this.#sim.hash,
      step: () => this.#sim.events,
    }
    return new Recorder(run, {
      take: (line) => {
        // what else this event does is no part of a run that has been stopped
        if (this.#limit === 'stopped') return
        if (trace === 'memory') this.#lines.push(line)
        if (sink?.(line) === 'stop') this.#limit ??= 'stopped'
      },
    })
  }

  #note(...noted: Parameters<Recorder['note']>): void {
    if (this.#limit === undefined) this.#recorder?.note(...noted)
  }

  #listen(): void {
    const { events } = this.#cluster
    events.on('membership', (line) => {
      const order = this.#checking ? { order: this.#history.order } : {}
      this.#membership.push({ atUs: this.#nowUs(), line, ...order })
    })
    if (this.#recorder === undefined) return
    events.on('started', ({ node, incarnation, restarts }) => {
      this.#note('start', { n: node, d: { incarnation, restarts } })
    })
    events.on('crashed', ({ node }) => this.#note('crash', { n: node }))
    events.on('logged', ({ node, level, message, fields }) => {
      this.#note('log', { n: node, id: level, d: [message, toPlain(fields) ?? null] })
    })
  }

  #fail(check: string, error: unknown): void {
    const failed = error instanceof Error ? error : new Error(String(error))
    this.#failure ??= { check, error: failed }
  }

  #nowUs(): number {
    return Math.round(this.#sim.nowMs * 1000)
  }

  #result(): Result {
    const { name } = this.#scenario
    const failure = this.#failure
    const verdict = failure === undefined ? (this.#limit ?? 'ok') : 'fail'
    const { hash, events, nowMs } = this.#sim
    const made = new RunSources(this.#scenario, [...this.#cluster.classes])
    const result: Result = {
      scenario: name,
      verdict,
      check: failure?.check,
      error: failure?.error ?? this.#limitError,
      signature: failure && signatureOf(failure.check, failure.error),
      seed: this.#seed,
      script: this.#options.script,
      hash,
      events,
      virtualMs: nowMs,
      nodes: this.#cluster.names,
      history: this.#history.ops,
      tape: this.#choices.tape,
      faults: this.#player.happened,
      unmet: this.#faults.unmet,
      workloadUs: this.#workloadUs,
      membership: this.#membership,
      sometimes: { ...this.#sometimes },
      guarded: this.#sim.guarded,
      warnings: this.#sim.warnings,
      trace: undefined,
      get code() {
        return made.code
      },
      get sources() {
        return made.sources
      },
    }
    if (this.#options.trace !== 'memory') return result
    return { ...result, trace: traceOf(result, this.#lines) }
  }
}

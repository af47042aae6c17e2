import { check, isBoolean, isFunction, oneOf, readOptions } from '../base/options.js'
import { type Random, seededRandom } from '../base/random.js'
import type { World } from '../world/world.js'
import { Agenda } from './agenda.js'
import {
  GuardLog,
  type GuardOptions,
  type GuardWarning,
  isGuardOptions,
  policiesOf,
} from './guarded-host.js'
import { guardSlot } from './guards/slot.js'
import { type LinkOptions, Links } from './links.js'
import { Runner } from './runner.js'
import { Life, SimHost } from './sim-host.js'
import { Wires } from './sim-network.js'
import { WaitLedger, type WaitLevel } from './sim-waits.js'
import { type Keepers, simWorld } from './sim-world.js'

export interface SimulationOptions {
  /** Everything drawn in the run follows from it. Default 1. */
  readonly seed?: number | string
  /** One-way latency between hosts in milliseconds, drawn uniformly for every chunk, now and then up to eight times as much; equal bounds make it constant. Default [0.2, 2]. */
  readonly latencyMs?: readonly [from: number, to: number]
  /** Bandwidth of the way from one host to another. Default: no limit. */
  readonly bytesPerMs?: number
  /** Bytes under way or unread on a connection before its sender has to wait. Default 256 KiB. */
  readonly windowBytes?: number
  /** How promises are run to their end between events; both give the same run. Default: `fast` where Node allows it. */
  readonly drain?: 'fast' | 'portable'
  /** Called for every event before it runs. */
  readonly trace?: (event: TraceEvent) => void
  /**
   * A handler of an actor that waits for something outside of the simulated world ends the run with an
   * `EscapedWaitError`. `handler`: each has to wait for a promise made by a handler of its own actor.
   * `node`: of some actor of its node, for actors that share locks. Costs about a tenth on Node.js before 24, less on later ones.
   * Default: `off`, since tests of single parts often hold a handler at a promise of their own.
   */
  readonly escapedWaits?: WaitLevel | 'off'
  /** What becomes of Date, timers and the like while code of a node runs, where `troupe/guards` was loaded first. Default: `virtualize`. */
  readonly guards?: GuardOptions
  /** Adds to an escaped wait the stack of the handler. Slow. Default: false. */
  readonly debug?: boolean
}

/** One event as a trace shows it. */
export interface TraceEvent {
  /** 1 for the first. */
  readonly index: number
  readonly atMs: number
  readonly kind: string
  /** The host whose program runs it; undefined for what the network does. */
  readonly host: string | undefined
  /** Link, port or host, such as `a>b:9000#1`. */
  readonly label: string
  /** The simulation's hash before this event. */
  readonly hash: string
}

const atLeast = (least: number) =>
  check<number>(`a number >= ${least}`, (v) => typeof v === 'number' && v >= least)

const isLatency = check<readonly [number, number]>(
  'two numbers of milliseconds from 0 to 60000, the smaller first',
  (v) =>
    Array.isArray(v) &&
    v.length === 2 &&
    v.every(Number.isFinite) &&
    v[0] >= 0 &&
    v[0] <= v[1] &&
    v[1] <= 60_000,
)

const OPTIONS = {
  seed: {
    fallback: 1,
    check: check<number | string>('a number or a string', (v) => /^(num|str)/.test(typeof v)),
  },
  latencyMs: { fallback: [0.2, 2] as const, check: isLatency },
  bytesPerMs: { fallback: Number.POSITIVE_INFINITY, check: atLeast(0.001) },
  windowBytes: { fallback: 256 * 1024, check: atLeast(1) },
  drain: { fallback: undefined, check: oneOf('fast', 'portable') },
  trace: { fallback: undefined, check: isFunction<(event: TraceEvent) => void>() },
  escapedWaits: { fallback: 'off' as const, check: oneOf('handler', 'node', 'off') },
  guards: { fallback: 'virtualize' as const, check: isGuardOptions },
  debug: { fallback: false, check: isBoolean },
}

/**
 * Many hosts in one process under virtual time: the same code that runs on sockets runs here on a
 * simulated network, and the same seed gives the same run, event by event.
 *
 * Nothing happens until time is told to move, by `run`, `runUntil`, `complete` or `settle`. A step
 * is one external cause (a chunk arrives, a timer fires, a store answers) and everything that
 * follows from it until all promises have settled. An error that leaves an event, a microtask or an
 * unhandled promise ends the run: the call that moved time rejects with a `SimulationFailure`, and so
 * does every later one.
 */
export class Simulation {
  readonly seed: string
  /** For the test itself: workloads, choices. Worlds draw from streams of their own. */
  readonly random: Random
  readonly #root: Random
  readonly #agenda = new Agenda()
  readonly #links: Links
  readonly #wires: Wires
  readonly #runner: Runner
  readonly #keepers: Keepers
  readonly #worlds = new Map<Life, World>()

  /** @throws TroupeError ERR_BAD_OPTION */
  constructor(options?: SimulationOptions) {
    const read = readOptions<SimulationOptions>('simulation', OPTIONS, options)
    const { latencyMs = [0, 0], bytesPerMs = 1, windowBytes = 1 } = read
    const { escapedWaits = 'off', guards = 'off', debug = false } = read
    this.seed = String(read.seed)
    this.#root = seededRandom(this.seed)
    this.random = this.#root.fork('workload')
    this.#links = new Links({ latencyMs, bytesPerMs })
    this.#wires = new Wires(this.#agenda, this.#links, this.#root.fork('links'), windowBytes)
    const waits = escapedWaits === 'off' ? undefined : new WaitLedger(escapedWaits, debug)
    this.#keepers = { waits, policies: policiesOf(guards), guardLog: new GuardLog() }
    this.#runner = new Runner(this.#agenda, this.seed, read.drain, read.trace, waits)
  }

  /** Virtual milliseconds since the start. */
  get nowMs(): number {
    return this.#agenda.nowUs / 1000
  }

  /** How many events have run. */
  get events(): number {
    return this.#runner.events
  }

  /** Over kind, time, host, link and bytes of all events so far. Equal hashes: the same run. */
  get hash(): string {
    return this.#agenda.hash.value
  }

  /** False where `troupe/guards` was not loaded before: then the globals are the real ones for all. */
  get guarded(): boolean {
    return guardSlot.installed
  }

  /** Globals that code of nodes used and that this world did in their place: find a better way for each. */
  get warnings(): readonly GuardWarning[] {
    return this.#keepers.guardLog.warnings
  }

  /**
   * The world of the program that runs on this host now; a new name is a new host, switched on.
   * The same object until `restart`, also after a crash. Listen on the host's name (or `127.0.0.1`, for itself only, or
   * `0.0.0.0`), dial it by its name.
   */
  world(host: string): World {
    const { life } = this.#host(host)
    let world = this.#worlds.get(life)
    if (world === undefined) {
      world = simWorld(this.#wires, life, this.#root, this.#keepers, (error) =>
        this.#runner.fail(error),
      )
      this.#worlds.set(life, world)
    }
    return world
  }

  /** Runs everything due in the next `ms` of virtual time. */
  async run(ms: number): Promise<void> {
    await this.#runner.drive(() => false, ms)
  }

  /**
   * Runs until the predicate holds; it is asked after every event.
   * @throws SimulationFailure when it does not within `limitMs` of virtual time (default 60,000)
   */
  async runUntil(
    predicate: () => boolean,
    limitMs = 60_000,
    what = 'the condition',
  ): Promise<void> {
    const reached = await this.#runner.drive(predicate, limitMs)
    if (!reached) throw this.#runner.failure(`${what} was not reached within ${limitMs} ms`)
  }

  /** Runs until the promise settles, and gives what it gives. For several: `complete(Promise.all([…]))`. */
  async complete<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
    let settled = false
    const done = (): void => {
      settled = true
    }
    promise.then(done, done)
    await this.runUntil(() => settled, limitMs, 'the end of a promise')
    return promise
  }

  /** Runs until no bytes are under way, no turn and no store operation is due; timers may be. */
  async settle(limitMs = 60_000): Promise<void> {
    await this.runUntil(() => this.#agenda.inFlight === 0, limitMs, 'quiet')
  }

  /**
   * Cuts every way between the groups (with `oneWay` only that from the first to the second).
   * Connections stay open and silent; what is sent waits, as TCP keeps retransmitting. Partitions
   * add up; the function returned heals this one.
   */
  partition(
    groupA: readonly string[],
    groupB: readonly string[],
    options: { readonly oneWay?: boolean } = {},
  ): () => void {
    const ways: [string, string][] = []
    for (const a of groupA) {
      for (const b of groupB) {
        ways.push([a, b])
        if (options.oneWay !== true) ways.push([b, a])
      }
    }
    for (const [from, to] of ways) this.#links.cut(from, to)
    let healed = false
    return () => {
      if (healed) return
      healed = true
      for (const [from, to] of ways) this.#links.mend(from, to)
    }
  }

  /** Heals all partitions. */
  heal(): void {
    this.#links.mendAll()
  }

  /** Sets latency or bandwidth between two hosts, both ways. */
  link(a: string, b: string, options: Partial<LinkOptions>): void {
    this.#links.set(a, b, options)
    this.#links.set(b, a, options)
  }

  /**
   * Ends the program on a host: its timers, turns and store operations never come, its promises stay
   * open, what it still tries does nothing. As with SIGKILL, the kernel closes its connections and
   * the disk keeps all. With `silent` the machine loses its power: peers hear nothing, dialling it
   * gets no answer, and its disk keeps only what was synced.
   */
  crash(host: string, options: { readonly silent?: boolean } = {}): void {
    const at = this.#host(host)
    if (!at.life.alive) return
    const silent = options.silent === true
    for (const connection of [...at.connections]) {
      if (silent) connection.halt()
      else connection.destroy()
    }
    at.life.alive = false
    at.paused = false
    at.on = !silent
    at.aside.length = 0
    at.connections.clear()
    at.listeners.clear()
    if (silent) at.disk.loseUnsynced()
  }

  /** Starts a host anew (crashing it first if it runs) and gives its new world. */
  restart(host: string): World {
    const at = this.#host(host)
    this.crash(host)
    this.#worlds.delete(at.life)
    at.on = true
    at.life = new Life(at, at.life.number + 1)
    for (const orphan of at.orphans) orphan.disown()
    at.orphans.clear()
    return this.world(host)
  }

  /** Stops a host's program as SIGSTOP does: nothing of it runs, its connections stand, time goes on. */
  pause(host: string): void {
    this.#host(host).paused = true
  }

  /** What was due while it was paused runs now, in order. */
  resume(host: string): void {
    const at = this.#host(host)
    at.paused = false
    for (const event of at.aside.splice(0)) this.#agenda.again(event)
  }

  #host(name: string): SimHost {
    let host = this.#wires.hosts.get(name)
    if (host === undefined) {
      host = new SimHost(name)
      this.#wires.hosts.set(name, host)
    }
    return host
  }
}

import { badOption, readOptions } from '../base/options.js'
import { type Random, seededRandom } from '../base/random.js'
import type { OverlayFactory } from '../overlay/overlay.js'
import type { World } from '../world/world.js'
import { Agenda } from './agenda.js'
import { GuardLog, type GuardWarning, policiesOf } from './guarded-host.js'
import { guardSlot } from './guards/slot.js'
import { type LinkOptions, Links } from './links.js'
import { MessageBus } from './messages/message-bus.js'
import { onBus } from './messages/message-transport.js'
import { type BeforeEvent, Runner } from './runner.js'
import { Life, SimHost } from './sim-host.js'
import { Wires } from './sim-network.js'
import type { DiskState } from './sim-store.js'
import { WaitLedger } from './sim-waits.js'
import { type Keepers, simWorld } from './sim-world.js'
import {
  type CrashOptions,
  isBits,
  isDiskState,
  isPercent,
  isShift,
  SIMULATION_FIELDS,
  type SimulationOptions,
  SKEW_FIELDS,
  type Skew,
} from './simulation-options.js'

export type { CrashOptions, SimulationOptions, Skew } from './simulation-options.js'

import { traceEvent } from './trace-event.js'

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
  readonly #partitions = new Set<() => void>()
  #bus: MessageBus | undefined

  /** @throws TroupeError ERR_BAD_OPTION */
  constructor(options?: SimulationOptions) {
    const read = readOptions<SimulationOptions>('simulation', SIMULATION_FIELDS, options)
    const { latencyMs = [0.2, 2], latencyUs, bytesPerMs, windowBytes = 1, trace } = read
    const { maxEvents = 1, maxVirtualMs = 1, maxSendsAnEvent = 1 } = read
    this.seed = String(read.seed)
    this.#root = seededRandom(this.seed)
    this.random = this.#root.fork('workload')
    this.#links = new Links({
      latencyMs,
      ...(latencyUs && { latencyUs }),
      ...(bytesPerMs && { bytesPerMs }),
    })
    this.#wires = new Wires(this.#agenda, this.#links, this.seed, windowBytes)
    const { escapedWaits = 'off', guards = 'off', debug = false } = read
    const waits = escapedWaits === 'off' ? undefined : new WaitLedger(escapedWaits, debug)
    this.#keepers = { waits, policies: policiesOf(guards), guardLog: new GuardLog() }
    const limits = { maxEvents, maxVirtualMs, maxSendsAnEvent }
    this.#runner = new Runner(this.#agenda, this.seed, read.drain, limits, waits)
    if (trace !== undefined) {
      this.beforeEvent((event) => trace(traceEvent(event, this.hash)))
    }
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

  /**
   * Calls `hook` before every event, with its index, kind, time, place and `cause`: the index of the event that
   * led to it. The function returned ends that. What the hook throws fails the run.
   */
  beforeEvent(hook: BeforeEvent): () => void {
    return this.#runner.beforeEvent(hook)
  }

  /**
   * The bus of a world of messages: nodes whose overlay is `onBus` are connected by it, in place of the
   * simulated network. One for each simulation.
   */
  get bus(): MessageBus {
    this.#bus ??= new MessageBus({ agenda: this.#agenda, links: this.#links })
    return this.#bus
  }

  /** The overlay that puts the program which runs on this host now on the bus. */
  onBus(host: string): OverlayFactory {
    return onBus(this.bus, this.#host(host).life)
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
    if (!reached)
      throw this.#runner.failure('unreached', `${what} was not reached within ${limitMs} ms`)
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
    for (const [from, to] of ways) this.#links.way(from, to).cut()
    const heal = (): void => {
      if (!this.#partitions.delete(heal)) return
      for (const [from, to] of ways) this.#links.way(from, to).mend()
    }
    this.#partitions.add(heal)
    return heal
  }

  /** Heals all partitions. */
  heal(): void {
    for (const heal of [...this.#partitions]) heal()
  }

  /** Sets latency or bandwidth between two hosts, both ways. @throws TroupeError ERR_BAD_OPTION */
  link(a: string, b: string, options: Partial<LinkOptions>): void {
    this.#links.set(a, b, options)
  }

  /** Breaks all connections between two hosts at once, both ends; what is under way is lost. Gives how many ends. */
  resetConnections(a: string, b: string): number {
    let ends = this.#bus?.reset(a, b) ?? 0
    for (const [host, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      for (const connection of [...this.#host(host).connections]) {
        if (connection.peer !== peer) continue
        connection.sever()
        ends++
      }
    }
    return ends
  }

  /**
   * Sets how a host's clock is wrong: `offsetMs` is what its wall time is ahead (behind, when
   * negative), replacing earlier offsets and jumps; `driftPpm`, from -100,000 to 100,000, is what
   * wall and monotonic time and all timers gain from now on, in microseconds a second.
   * @throws TroupeError ERR_BAD_OPTION
   */
  skew(host: string, skew: Skew): void {
    const read = readOptions<Skew>('skew', SKEW_FIELDS, skew)
    const { life, clock } = this.#host(host)
    const { nowUs } = this.#agenda
    if (read.offsetMs !== undefined) clock.offsetUs = Math.round(read.offsetMs * 1000)
    if (read.driftPpm === undefined) return
    clock.drift(read.driftPpm, nowUs)
    this.#agenda.retime(life, (localUs) => Math.max(0, clock.dueUs(localUs) - nowUs))
  }

  /** Sets a host's wall time forward or, when negative, back; timers and `now()` do not see it. @throws TroupeError ERR_BAD_OPTION */
  jump(host: string, ms: number): void {
    if (!isShift.test(ms)) throw badOption('jump.ms', isShift.text, ms)
    this.#host(host).clock.offsetUs += Math.round(ms * 1000)
  }

  /** How a host's disk is from now on: see `DiskState`. @throws TroupeError ERR_BAD_OPTION */
  disk(host: string, state: DiskState): void {
    if (!isDiskState.test(state)) throw badOption('disk.state', isDiskState.text, state)
    this.#host(host).disk.state = state
  }

  /**
   * So many random bits are flipped in every value that is read from a host's disk, or in that share of
   * the values; 0 bits end it.
   * @throws TroupeError ERR_BAD_OPTION
   */
  corruptReads(host: string, bits: number, percent = 100): void {
    if (!isBits.test(bits)) throw badOption('corruptReads.bits', isBits.text, bits)
    if (!isPercent.test(percent)) throw badOption('corruptReads.percent', isPercent.text, percent)
    const { disk } = this.#host(host)
    disk.bitFlips = bits
    disk.flippedPercent = percent
  }

  /**
   * Ends the program on a host: its timers, turns and store operations never come, its promises stay
   * open, what it still tries does nothing. As with SIGKILL, the kernel closes its connections and
   * the disk keeps all. With `silent` the machine loses its power: peers hear nothing, and dialling
   * it gets no answer. With `loseUnsynced`, which goes with `silent` unless it is said, the disk
   * keeps only what was synced (a torn one, also a piece of the last write).
   */
  crash(host: string, options: CrashOptions = {}): void {
    const at = this.#host(host)
    if (!at.life.alive) return
    const silent = options.silent === true
    for (const connection of [...at.connections]) {
      if (silent) connection.halt()
      else connection.destroy()
    }
    at.life.alive = false
    if (silent) this.#bus?.vanish(host)
    else this.#bus?.detach(host, 'it was closed')
    at.paused = false
    at.on = !silent
    at.aside.length = 0
    at.connections.clear()
    at.listeners.clear()
    if (options.loseUnsynced ?? silent) at.disk.loseUnsynced(at.draws)
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

  /** Stops a host's program as SIGSTOP does: nothing of it runs, its connections stand, time goes on. Nothing where none runs. */
  pause(host: string): void {
    const at = this.#host(host)
    if (at.life.alive) at.paused = true
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
      host = new SimHost(name, this.#agenda, this.seed)
      this.#wires.hosts.set(name, host)
    }
    return host
  }
}

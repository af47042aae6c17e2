import { assert } from 'chai'
import {
  codeOf,
  type DeadLetter,
  lan,
  local,
  type Logger,
  type Node,
  type NodeEvents,
  type NodeOptions,
  realWorld,
  startNode,
  type Timing,
} from '../../src/index.js'
import { Simulation } from '../../src/simulation/simulation.js'
import type { Address } from '../../src/world/network.js'
import { FaultyWorld } from './faulty-world.js'

/** One thing a node told, with the time since its environment began. */
export interface Told {
  readonly event: keyof NodeEvents
  /** The node or member it is about, '' where it is about none. */
  readonly about: string
  readonly payload: unknown
  readonly atMs: number
}

/** What the log of a node must never say, whatever the network does. */
const NEVER_LOGGED =
  /was not handled|a listener .* threw|envelope was refused|a bad message|bad message from/

/** A node under test and all that it has told. */
export class Subject {
  readonly name: string
  readonly node: Node
  readonly options: Partial<NodeOptions>
  readonly faulty: FaultyWorld
  readonly told: Told[] = []
  readonly letters: DeadLetter[] = []
  /** Messages counted by `connectionLost`. */
  lost = 0
  crashed = false

  constructor(node: Node, options: Partial<NodeOptions>, faulty: FaultyWorld, now: () => number) {
    this.name = node.name
    this.node = node
    this.options = options
    this.faulty = faulty
    for (const event of EVENTS) {
      node.events.on(event, (...[payload]: readonly unknown[]) => {
        this.told.push({ event, about: aboutOf(payload), payload, atMs: now() })
      })
    }
    node.events.on('deadLetter', (letter) => this.letters.push(letter))
    node.events.on('connectionLost', ({ count }) => {
      this.lost += count
    })
  }

  get address(): Address {
    return this.node.addresses[0] as Address
  }

  /** What it told of one kind, about one node or all. */
  heard(event: keyof NodeEvents, about?: string): Told[] {
    return this.told.filter(
      (one) => one.event === event && (about === undefined || one.about === about),
    )
  }

  /** When it told that last. */
  when(event: keyof NodeEvents, about?: string): number {
    const last = this.heard(event, about).at(-1)
    if (last === undefined) throw new Error(`${this.name} never told ${event} ${about ?? ''}`)
    return last.atMs
  }

  members(): string[] {
    return this.node.members().map(({ name }) => name)
  }

  reasons(): string[] {
    return this.letters.map(({ reason }) => reason)
  }
}

const EVENTS = [
  'memberJoined',
  'memberLeft',
  'peerUp',
  'peerDown',
  'nodeUp',
  'nodeDown',
  'channelUp',
  'channelDown',
  'connectionLost',
  'refused',
  'badMessage',
  'left',
  'groupChanged',
  'rootFailed',
  'stopped',
] as const satisfies readonly (keyof NodeEvents)[]

function aboutOf(payload: unknown): string {
  const { node, peer, member } = (payload ?? {}) as Record<string, { name?: string } | undefined>
  return (node ?? peer ?? member)?.name ?? ''
}

/**
 * Where the body of a test runs. What a test awaits goes through `complete`, `failure`, `until` or
 * `run`: in a simulation they are what moves the time.
 */
export abstract class Environment {
  abstract readonly title: string
  /** The times of its nodes. */
  abstract readonly timing: Timing
  readonly subjects = new Map<string, Subject>()
  readonly #log: string[] = []

  abstract now(): number
  /** Lets time pass. */
  abstract run(ms: number): Promise<void>
  abstract until(what: string, holds: () => boolean, limitMs?: number): Promise<void>
  /** Runs until the promise settles. */
  abstract complete<T>(promise: Promise<T>): Promise<T>
  /** As SIGKILL to the process of a node. */
  abstract crash(name: string): Promise<void>
  /** Cuts all ways between two nodes or groups of nodes; what comes back heals it. */
  abstract partition(a: string | readonly string[], b: string | readonly string[]): () => void

  protected abstract worldOf(name: string): FaultyWorld
  protected abstract listenOf(name: string): NonNullable<NodeOptions['listen']>

  /** Starts a node; of a name that was started before, its next incarnation at the same address. */
  async start(name: string, options: Partial<NodeOptions> = {}): Promise<Subject> {
    const before = this.subjects.get(name)
    const faulty = this.worldOf(name)
    const all: NodeOptions = {
      name,
      listen: before === undefined ? this.listenOf(name) : before.address,
      cookie: 'open sesame',
      timing: this.timing,
      logger: this.#logger(name),
      ...(before?.options ?? {}),
      ...options,
      world: faulty.world,
    }
    const node = await this.complete(startNode(all))
    const subject = new Subject(node, { ...before?.options, ...options }, faulty, () => this.now())
    this.subjects.set(name, subject)
    return subject
  }

  /** Starts a node under a name that another one holds, on another machine. */
  async startAs(name: string, machine: string, options: Partial<NodeOptions> = {}): Promise<Node> {
    return this.complete(
      startNode({
        name,
        listen: this.listenOf(machine),
        cookie: 'open sesame',
        timing: this.timing,
        logger: this.#logger(machine),
        ...options,
        world: this.worldOf(machine).world,
      }),
    )
  }

  /** Starts nodes that all know each other. */
  async cluster(names: readonly string[], options: Partial<NodeOptions> = {}): Promise<Subject[]> {
    const subjects: Subject[] = []
    for (const name of names) {
      const subject = await this.start(name, options)
      const [first] = subjects
      if (first !== undefined) await this.complete(subject.node.join(first.address))
      subjects.push(subject)
    }
    await this.connected(names)
    return subjects
  }

  /** Two nodes that know each other. */
  async pair(options: Partial<NodeOptions> = {}): Promise<[Subject, Subject]> {
    const [a, b] = await this.cluster(['a', 'b'], options)
    return [a as Subject, b as Subject]
  }

  /** Waits until each of them can send to each other on every channel. */
  async connected(names: readonly string[]): Promise<void> {
    await this.until(`${names} are connected`, () =>
      names.every((a) =>
        names.every((b) => {
          const { node, options } = this.subject(a)
          const lanes = node.stats().transport.lanes.filter(({ peer }) => peer === b)
          const own = Object.keys(options.channels ?? {})
          const up = (channel: string) =>
            lanes.filter((lane) => lane.channel === channel).every(({ connected }) => connected)
          return a === b || (node.isUp(b) && ['default', ...own].every(up))
        }),
      ),
    )
  }

  subject(name: string): Subject {
    const subject = this.subjects.get(name)
    if (subject === undefined) throw new Error(`no node ${name}`)
    return subject
  }

  /** What a promise rejects with. */
  failure(promise: Promise<unknown>): Promise<Rejection> {
    return this.complete(rejection(promise))
  }

  /** Breaks all connections between two nodes. */
  reset(a: string, b: string): void {
    const [one, other] = [this.subject(a), this.subject(b)]
    one.faulty.reset(other.address)
    other.faulty.reset(one.address)
  }

  /** Stops what runs, and checks what has to hold after every test. */
  async close(): Promise<void> {
    const living = [...this.subjects.values()].filter(({ crashed }) => !crashed)
    await this.complete(
      Promise.all(living.map(({ node }) => node.stop({ timeoutMs: 100, drainMs: 100 }))),
    )
    const bad = [...this.subjects.values()].flatMap((one) => one.heard('badMessage'))
    assert.deepEqual(bad, [], 'a node that keeps the rules was told that it breaks them')
    assert.deepEqual(this.#log, [], 'the log says what it must never say')
  }

  #logger(name: string): Logger {
    const note = (fields: object, message: string): void => {
      if (NEVER_LOGGED.test(message)) this.#log.push(`${name}: ${message} ${show(fields)}`)
    }
    return { debug: note, info: note, warn: note, error: note }
  }
}

const show = (fields: object): string =>
  Object.entries(fields)
    .map(([key, value]) => `${key}=${value instanceof Error ? value.stack : String(value)}`)
    .join(' ')

const list = (names: string | readonly string[]): readonly string[] =>
  typeof names === 'string' ? [names] : names

export type Rejection = Error & { code?: string; data?: unknown; retryable?: boolean }

/** What a promise rejects with; for `complete`, later. */
export function rejection(promise: Promise<unknown>): Promise<Rejection> {
  const outcome = promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: unknown) => error as Rejection,
  )
  outcome.catch(() => {})
  return outcome
}

/** How an ask ended: `answered`, or the code of its error. */
export const outcomeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'answered',
    (error: unknown) => codeOf(error) ?? String(error),
  )

/** A simulated network under virtual time, with the times of `lan()`. */
export class Simulated extends Environment {
  readonly title: string
  readonly timing = lan()
  readonly sim: Simulation

  constructor(seed: number | string) {
    super()
    this.title = `SEED=${seed}`
    this.sim = new Simulation({ seed })
  }

  override now(): number {
    return this.sim.nowMs
  }

  override run(ms: number): Promise<void> {
    return this.sim.run(ms)
  }

  override until(what: string, holds: () => boolean, limitMs = 60_000): Promise<void> {
    return this.sim.runUntil(holds, limitMs, what)
  }

  override complete<T>(promise: Promise<T>): Promise<T> {
    return this.sim.complete(promise)
  }

  override async crash(name: string, silent = false): Promise<void> {
    this.sim.crash(name, { silent })
    this.subject(name).crashed = true
  }

  override partition(a: string | readonly string[], b: string | readonly string[]): () => void {
    return this.sim.partition(list(a), list(b))
  }

  override async close(): Promise<void> {
    this.sim.heal()
    for (const name of this.subjects.keys()) this.sim.resume(name)
    await super.close()
  }

  protected override worldOf(name: string): FaultyWorld {
    const known = this.subjects.get(name)
    return new FaultyWorld(known === undefined ? this.sim.world(name) : this.sim.restart(name))
  }

  protected override listenOf(name: string): { host: string; port: number } {
    return { host: name, port: 9_000 }
  }
}

/** Real sockets on loopback and real time, with the times of `local()`. */
export class Real extends Environment {
  readonly title = 'TCP'
  readonly timing = local()
  readonly #clock = realWorld().clock

  override now(): number {
    return this.#clock.now()
  }

  override run(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve))
  }

  override async until(what: string, holds: () => boolean, limitMs = 10_000): Promise<void> {
    const end = this.now() + limitMs
    while (!holds()) {
      if (this.now() > end) throw new Error(`${what} was not reached within ${limitMs} ms`)
      await this.run(2)
    }
  }

  override complete<T>(promise: Promise<T>): Promise<T> {
    return promise
  }

  override async crash(name: string): Promise<void> {
    const subject = this.subject(name)
    subject.crashed = true
    await subject.faulty.kill()
  }

  override partition(a: string | readonly string[], b: string | readonly string[]): () => void {
    const ways: [Subject, Subject][] = []
    for (const one of list(a)) {
      for (const other of list(b)) {
        ways.push([this.subject(one), this.subject(other)])
        ways.push([this.subject(other), this.subject(one)])
      }
    }
    for (const [from, to] of ways) from.faulty.cut(to.address)
    return () => {
      for (const [from, to] of ways) from.faulty.mend(to.address)
    }
  }

  protected override worldOf(): FaultyWorld {
    return new FaultyWorld(realWorld())
  }

  protected override listenOf(): { host: string; port: number } {
    return { host: '127.0.0.1', port: 0 }
  }
}

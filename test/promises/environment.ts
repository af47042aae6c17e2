import { assert } from 'chai'
import {
  codeOf,
  type Logger,
  type Node,
  type NodeOptions,
  startNode,
  type Timing,
} from '../../src/index.js'
import type { Address } from '../../src/world/network.js'
import type { FaultyWorld } from './faulty-world.js'
import { Subject } from './subject.js'

/** What the log of a node must never say, whatever the network does. */
const NEVER_LOGGED =
  /was not handled|listener .* threw|envelope was refused|bad message|overlay threw|overlay message could not/

/**
 * Where the body of a test runs. What a test awaits goes through `complete`, `failure`, `until` or
 * `run`: in a simulation they are what moves the time.
 */
export abstract class Environment {
  abstract readonly title: string
  /** The times of its nodes. */
  abstract readonly timing: Timing
  readonly subjects = new Map<string, Subject>()
  /** Started by `startAs`, which tests stop themselves. */
  protected readonly elsewhere: Node[] = []
  readonly #planned = new Map<string, Address>()
  readonly #log: string[] = []
  readonly #allowed: RegExp[] = []

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

  /** Where a node will listen. Known before it starts, unlike a port that its start draws. */
  async addressOf(name: string): Promise<Address> {
    const address = this.#planned.get(name) ?? (await this.freeAddress(name))
    this.#planned.set(name, address)
    return address
  }

  /** Another one, for a node that starts again elsewhere. */
  nextAddressOf(name: string): Promise<Address> {
    return this.freeAddress(name)
  }

  protected abstract worldOf(name: string): FaultyWorld
  protected abstract listenOf(name: string): NonNullable<NodeOptions['listen']>
  protected abstract freeAddress(name: string): Promise<Address>

  /** Starts a node; of a name that was started before, its next incarnation at the same address. */
  async start(name: string, options: Partial<NodeOptions> = {}): Promise<Subject> {
    const before = this.subjects.get(name)
    const faulty = this.worldOf(name)
    const all: NodeOptions = {
      name,
      listen: before?.address ?? this.#planned.get(name) ?? this.listenOf(name),
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
    const node = await this.complete(
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
    this.elsewhere.push(node)
    return node
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

  /** Lets the test provoke what `close` would complain about. */
  allow(what: RegExp): void {
    this.#allowed.push(what)
  }

  /** Stops what runs, and checks what has to hold after every test. */
  async close(): Promise<void> {
    const living = [...this.subjects.values()].filter(({ crashed }) => !crashed)
    await this.complete(
      Promise.all(living.map(({ node }) => node.stop({ timeoutMs: 100, drainMs: 100 }))),
    )
    const unmeant = this.#log.filter((line) => !this.#allowed.some((what) => what.test(line)))
    assert.deepEqual(unmeant, [], 'the log says what it must never say')
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

/** One name or several. */
export const list = (names: string | readonly string[]): readonly string[] =>
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

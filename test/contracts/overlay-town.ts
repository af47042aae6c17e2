import { seededRandom } from '../../src/base/random.js'
import {
  Actor,
  type ActorRef,
  actor,
  type Down,
  type Node,
  type NodeOptions,
  type OverlayFactory,
} from '../../src/index.js'
import type { Address, Member, OverlayCapabilities } from '../../src/overlay/index.js'

/**
 * Where whole clusters run: a simulated network, or sockets of this machine. All that is awaited
 * goes through it: in a simulation it is what moves the time.
 */
export interface TownGround {
  readonly title: string
  /** Where the node of this name listens, known before it starts and the same after a restart. */
  addressOf(name: string): Promise<Address>
  /** Where its next incarnation may listen when it comes back elsewhere. */
  nextAddressOf(name: string): Promise<Address>
  /** Starts the node; of a name that was started before, its next incarnation, with the store of the last. */
  start(name: string, options: Partial<NodeOptions>): Promise<{ readonly node: Node }>
  /** As SIGKILL to the node's process. */
  crash(name: string): Promise<void>
  /** Cuts all ways between two groups of nodes; what comes back heals it. */
  partition(a: readonly string[], b: readonly string[]): () => void
  run(ms: number): Promise<void>
  until(what: string, holds: () => boolean, limitMs?: number): Promise<void>
  complete<T>(promise: Promise<T>): Promise<T>
  /** Stops what still runs, and complains about what the nodes must never log. */
  close(): Promise<void>
}

/** An overlay under test, and what is expected of it beyond its `capabilities`. */
export interface OverlaySubject {
  readonly name: string
  /** Builds the factory for a cluster whose nodes listen at these addresses, such as `10.0.0.1:9000`. */
  readonly make: (addresses: readonly string[]) => OverlayFactory
  /** False: nodes find each other at start, by their configuration. Default true. */
  readonly joins?: boolean
  /** `leave` of another node takes it out for all, and it learns that. Default true. */
  readonly removesOthers?: boolean
  /** A node that starts again finds back without a join: by its configuration, or by its store. Default true. */
  readonly rejoins?: boolean
  /** False: all goes through one place, so that there are no ways to cut between two groups. Default true. */
  readonly partitions?: boolean
  /** Nodes of the larger tests. Default 5. */
  readonly nodes?: number
}

/** What every node runs under the name `desk`. */
@actor('overlay-contract/desk')
export class Desk extends Actor {
  #notes: unknown[] = []
  #downs: string[] = []

  host(): string {
    return this.node.name
  }

  echo(value: unknown): unknown {
    return value
  }

  note(value: unknown): void {
    this.#notes.push(value)
  }

  notes(): unknown[] {
    return this.#notes
  }

  follow(ref: ActorRef<Desk>): void {
    this.watch(ref)
  }

  downs(): string[] {
    return this.#downs
  }

  override onDown({ reason }: Down): void {
    this.#downs.push(reason.type)
  }
}

/** One node of a town, and the membership as its events tell it. */
export class Citizen {
  readonly node: Node
  readonly lefts: boolean[] = []
  readonly badMessages: string[] = []
  readonly #told = new Map<string, Member>()
  readonly #wrong: string[] = []

  constructor(node: Node) {
    this.node = node
    for (const member of node.members()) this.#told.set(member.name, member)
    node.events.on('memberJoined', ({ member }) => {
      if (this.#told.has(member.name)) this.#wrong.push(`${member.name} joined twice`)
      this.#told.set(member.name, member)
    })
    node.events.on('memberLeft', ({ member }) => {
      const known = this.#told.get(member.name)
      if (known?.incarnation !== member.incarnation) {
        this.#wrong.push(`${member.name} left and was no member`)
      }
      this.#told.delete(member.name)
    })
    node.events.on('left', ({ wanted }) => void this.lefts.push(wanted))
    node.events.on('badMessage', ({ from, detail }) => {
      this.badMessages.push(`${from}: ${detail}`)
    })
  }

  members(): string[] {
    return this.node.members().map(({ name }) => name)
  }

  /** What is wrong with the events about members and with `members()` beside each other. */
  faults(): string[] {
    const told = [...this.#told.values()].map(textOf).sort()
    const shown = this.node.members().map(textOf).sort()
    const apart = told.join() === shown.join() ? [] : [`events tell ${told}, members() ${shown}`]
    return [...this.#wrong, ...apart, ...this.badMessages]
  }
}

/** Whole nodes over one overlay. */
export class Town {
  readonly ground: TownGround
  readonly subject: OverlaySubject
  readonly citizens = new Map<string, Citizen>()
  #addresses: string[] = []

  constructor(ground: TownGround, subject: OverlaySubject) {
    this.ground = ground
    this.subject = subject
  }

  /** What the overlay says of itself; they decide which promises apply. */
  get capabilities(): OverlayCapabilities {
    const self = { name: 'x', incarnation: '', generation: 1, addresses: [], tags: [] }
    return this.subject.make(this.#addresses).create(self, seededRandom(1)).capabilities
  }

  get joins(): boolean {
    return this.subject.joins ?? true
  }

  /** Fixes who may come, so that each of them can be configured with the addresses of all. */
  async plan(names: readonly string[]): Promise<void> {
    const addresses = await Promise.all(names.map((name) => this.ground.addressOf(name)))
    this.#addresses = addresses.map(({ host, port }) => `${host}:${port}`)
  }

  async start(name: string, options: Partial<NodeOptions> = {}): Promise<Citizen> {
    const overlay = this.subject.make(this.#addresses)
    const { node } = await this.ground.start(name, { overlay, remoteSpawn: [Desk], ...options })
    const citizen = new Citizen(node)
    this.citizens.set(name, citizen)
    node.spawn(Desk, undefined, { name: 'desk' })
    return citizen
  }

  /** Nodes that came one after the other, and are one cluster now. */
  async settled(names: readonly string[]): Promise<Citizen[]> {
    await this.plan(names)
    const citizens: Citizen[] = []
    for (const name of names) {
      citizens.push(await this.start(name))
      if (name !== names[0]) await this.join(name, names[0] as string)
    }
    await this.converged(names)
    return citizens
  }

  /** Joins, on overlays that are joined. */
  async join(name: string, contact: string): Promise<void> {
    await this.joinAll([name], contact)
  }

  /** The same for several at one moment. */
  async joinAll(names: readonly string[], contact: string): Promise<void> {
    if (!this.joins) return
    await this.ground.complete(Promise.all(names.map((name) => this.#join(name, contact))))
  }

  /** Joins, whatever the overlay: where none is needed to begin with, one brings back who left. */
  async dial(name: string, contact: string): Promise<void> {
    await this.ground.complete(this.#join(name, contact))
  }

  citizen(name: string): Citizen {
    const citizen = this.citizens.get(name)
    if (citizen === undefined) throw new Error(`no node ${name}`)
    return citizen
  }

  desk(on: string, from: string): ActorRef<Desk> {
    return this.citizen(from).node.lookup(Desk, 'desk', { on })
  }

  /** Waits until the nodes know each other as far as the overlay promises that. */
  async converged(names: readonly string[]): Promise<void> {
    const { ground } = this
    let missing = ''
    const whole = (): boolean => {
      missing = names.map((name) => this.#missing(name, names)).find((text) => text !== '') ?? ''
      return missing === ''
    }
    await ground.until(`one cluster of ${names}`, whole).catch((cause: unknown) => {
      throw new Error(`${names} did not become one cluster: ${missing}`, { cause })
    })
  }

  /**
   * Every node asks every other, itself included. All must answer: where all are connected at the first try,
   * elsewhere once the ways around what happened are found.
   */
  async allAnswer(names: readonly string[]): Promise<void> {
    let missing = names.flatMap((from) => names.map((on) => ({ from, on })))
    for (let tries = this.capabilities.direct ? 1 : TRIES; missing.length > 0; tries--) {
      const failed = await this.ground.complete(Promise.all(missing.map((one) => this.#fails(one))))
      if (tries === 1 && failed.some(Boolean)) throw failed.find(Boolean)
      missing = missing.filter((_, i) => failed[i] !== undefined)
      if (missing.length > 0) await this.ground.run(200)
    }
  }

  /** What became of one ask, if not its answer. */
  async #fails({ from, on }: { from: string; on: string }): Promise<unknown> {
    try {
      const host = await this.desk(on, from).with({ timeoutMs: 2_000 }).ask.host()
      if (host === on) return undefined
    } catch (error) {
      return error
    }
    throw new Error(`another answered ${from} in place of ${on}`)
  }

  async close(): Promise<void> {
    await this.ground.close()
  }

  async #join(name: string, contact: string): Promise<void> {
    const joined = await this.citizen(name).node.join(this.citizen(contact).node.address)
    if (joined !== contact) throw new Error(`${name} joined ${joined} in place of ${contact}`)
  }

  /** What a node lacks of the cluster it shall be part of; '' when nothing. */
  #missing(name: string, names: readonly string[]): string {
    const { node } = this.citizen(name)
    const { membership, direct } = this.capabilities
    const members = node.members()
    const sorted = [...names].sort()
    const known = members.map((member) => member.name)
    if (!known.includes(name)) return `${name} is no member of its own cluster`
    if (membership === 'all' && known.join() !== sorted.join()) return `${name} knows ${known}`
    for (const member of members) {
      const other = this.citizens.get(member.name)?.node
      if (other !== undefined && other.incarnation !== member.incarnation) {
        return `${name} holds an old ${member.name}`
      }
    }
    const others = names.filter((other) => other !== name)
    if (direct) {
      const away = others.filter((other) => !node.isUp(other))
      if (away.length > 0) return `${name} is not connected to ${away}`
    } else if (others.length > 0 && !others.some((other) => node.isUp(other))) {
      return `${name} is connected to nobody`
    }
    return this.#reachable(names).length === names.length ? '' : 'the overlay fell apart'
  }

  #reachable(names: readonly string[]): string[] {
    const seen = new Set(names.slice(0, 1))
    for (const name of seen) {
      for (const other of names) if (this.citizen(name).node.isUp(other)) seen.add(other)
    }
    return [...seen]
  }
}

/** Rounds of asks that it takes at most to find new ways. */
const TRIES = 25

const textOf = ({ name, incarnation }: Member): string => `${name}/${incarnation}`

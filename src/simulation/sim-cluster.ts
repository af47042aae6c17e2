import { EventEmitter } from 'eventemitter3'
import type { Actor } from '../actor/actor.js'
import type { Definition } from '../actor/definition.js'
import { messageOf, TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { Node } from '../node/node.js'
import { readOverlay } from '../node/overlay-named.js'
import { startNode } from '../node/start-node.js'
import { fullMesh } from '../overlay/full-mesh.js'
import type { Overlay, OverlayFactory } from '../overlay/overlay.js'
import { GATED } from '../peer/gate.js'
import type { LivingActor } from './check.js'
import { Connectedness } from './connectedness.js'
import type { CxLine } from './cx-line.js'
import { onSpawn, systemOf } from './node-insides.js'
import { badScenario, nodesOf, type Scenario } from './scenario.js'
import type { Simulation } from './simulation.js'
import { placeText, userPlace } from './user-place.js'

/** A host of the clients and of the one who watches: nothing befalls it. */
export const CLIENTS = '(clients)'
const PORT = 9_000
const JOIN_TIMEOUT_MS = 30_000
/** Simulated hosts are not loopback, and a node that listens for others wants a secret. */
const COOKIE = 'simulation'

export interface SimClusterEvents {
  /** Its program runs and listens. */
  started: [{ readonly node: string; readonly incarnation: string; readonly restarts: number }]
  crashed: [{ readonly node: string }]
  /** A node has joined another, or has left. */
  membership: [line: CxLine]
  logged: [
    { readonly node: string; readonly level: string; readonly message: string; fields: object },
  ]
}

interface Member {
  /** Undefined until it listens. */
  node: Node | undefined
  started: boolean
  /** -1 before the first start. */
  restarts: number
}

/** The nodes of a scenario on their simulated hosts: started, joined, crashed and started anew. */
export class SimCluster {
  readonly events = new EventEmitter<SimClusterEvents>()
  readonly sim: Simulation
  readonly names: readonly string[]
  /** The classes of all actors that have been started so far. */
  readonly classes = new Set<Definition>()
  readonly #scenario: Scenario
  readonly #members = new Map<string, Member>()
  readonly #connectedness: Connectedness

  /** @throws TroupeError ERR_BAD_SCENARIO */
  constructor(sim: Simulation, scenario: Scenario) {
    this.sim = sim
    this.names = nodesOf(scenario)
    this.#scenario = scenario
    this.#connectedness = new Connectedness(this.names)
    if (scenario.level === 'messages') {
      const namer: (typeof sim.bus)['namer'] = (to, frame) =>
        this.running(to)?.[GATED].message(frame)
      sim.bus.namer = namer
    }
    for (const name of this.names)
      this.#members.set(name, { node: undefined, started: false, restarts: -1 })
  }

  /**
   * Starts all nodes, lets them join the first and waits until messages can travel between all (see
   * `Connectedness`), unless the scenario says otherwise; then calls `start` for one after the other.
   *
   * @throws TroupeError ERR_BAD_SCENARIO with what `start` threw as its cause
   */
  async start(): Promise<void> {
    await Promise.all(this.names.map((name) => this.#open(name)))
    if (this.#scenario.joined !== false) {
      const [first = '', ...rest] = this.names
      if (this.#scenario.level !== 'messages') {
        await Promise.all(rest.map((name) => this.join(name, first)))
      }
      await this.#connectedness.whole()
    }
    for (const name of this.names) await this.#begin(name)
    // What nodes tell each other at their start is no part of what choices decide.
    if (this.#scenario.level === 'messages') await this.sim.bus.quiet()
  }

  /** Why the nodes have not joined each other yet, for people; undefined when they have, or need not. */
  get missing(): string | undefined {
    return this.#scenario.joined === false ? undefined : this.#connectedness.missing
  }

  has(name: string): boolean {
    return this.#members.has(name)
  }

  /** The running node of that name. */
  running(name: string): Node | undefined {
    return this.#members.get(name)?.node
  }

  get nodes(): ReadonlyMap<string, Node> {
    const nodes = new Map<string, Node>()
    for (const [name, { node }] of this.#members) if (node !== undefined) nodes.set(name, node)
    return nodes
  }

  /** How often all nodes have been started anew. */
  get restarts(): number {
    let restarts = 0
    for (const member of this.#members.values()) restarts += Math.max(0, member.restarts)
    return restarts
  }

  /** Starts a crashed node anew. @throws TroupeError ERR_BAD_SCENARIO with what `start` threw as its cause */
  async restart(name: string): Promise<void> {
    await this.#open(name)
    await this.#begin(name)
  }

  /** Lets a node join another, at its address. */
  async join(name: string, contact: string): Promise<void> {
    const node = this.running(name)
    if (node === undefined) throw notRunning(name)
    this.#member(contact)
    const to = { host: contact, port: PORT }
    await this.unlessCrashed(name, node.join(to, { timeoutMs: JOIN_TIMEOUT_MS }))
    this.events.emit('membership', { type: 'join', node: name, contact, result: { type: 'ok' } })
  }

  /** Takes a node out of the membership, by its own wish. */
  leave(name: string): void {
    const node = this.running(name)
    if (node === undefined) throw notRunning(name)
    node.leave()
    this.events.emit('membership', { type: 'leave', node: name, result: { type: 'ok' } })
  }

  /** What a program promises, or an error when it crashes first: then its promises stay open for ever. */
  unlessCrashed<T>(name: string, promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const onCrash = ({ node }: { node: string }): void => {
        if (node === name) done(() => reject(notRunning(name)))
      }
      const done = (settle: () => void): void => {
        this.events.off('crashed', onCrash)
        settle()
      }
      this.events.on('crashed', onCrash)
      promise.then(
        (value) => done(() => resolve(value)),
        (error) => done(() => reject(error)),
      )
    })
  }

  /** Its program ends as by SIGKILL; with `loseUnsynced` the machine loses its power. */
  crash(name: string, loseUnsynced = false): void {
    const member = this.#member(name)
    if (!member.started) return
    member.started = false
    member.node = undefined
    this.sim.crash(name, { silent: loseUnsynced })
    this.events.emit('crashed', { node: name })
  }

  /** When all that is under way at this instant is done. */
  crashSoon(name: string, loseUnsynced: boolean): void {
    const { restarts } = this.#member(name)
    this.sim.world(CLIENTS).clock.after(0, () => {
      if (this.#member(name).restarts === restarts) this.crash(name, loseUnsynced)
    })
  }

  /** True from the start of a node's program until it crashes. */
  isStarted(name: string): boolean {
    return this.#member(name).started
  }

  actors<A extends Actor<unknown>>(actorClass: abstract new () => A): LivingActor<A>[] {
    const living: LivingActor<A>[] = []
    for (const [name, node] of this.nodes) {
      for (const { actor, ref } of systemOf(node).cells()) {
        if (actor?.constructor === actorClass) living.push({ node: name, ref, actor: actor as A })
      }
    }
    return living
  }

  /** Ends everything: nothing of this cluster runs any more. */
  end(): void {
    for (const name of this.names) this.sim.crash(name)
    this.events.removeAllListeners()
  }

  /** Its program begins, and listens. */
  async #open(name: string): Promise<void> {
    const member = this.#member(name)
    const { options } = this.#scenario
    const own = typeof options === 'function' ? options(name) : options
    const world = member.restarts < 0 ? this.sim.world(name) : this.sim.restart(name)
    member.restarts++
    member.started = true
    let core: Overlay | undefined
    const keep = (made: Overlay): void => {
      core = made
    }
    const messages = this.#scenario.level === 'messages'
    const overlay = messages
      ? keeping(this.sim.onBus(name), keep)
      : keeping(readOverlay(own?.overlay ?? fullMesh(), 'scenario.options.overlay'), keep)
    member.node = await startNode({
      cookie: COOKIE,
      copyLocal: true,
      logger: this.#logger(name),
      ...own,
      overlay,
      name,
      listen: { host: name, port: PORT },
      world,
    })
    if (member.restarts === 0 && core !== undefined) this.#connectedness.add(member.node, core)
    onSpawn(member.node, (definition) => this.classes.add(definition))
    const { incarnation } = member.node
    this.events.emit('started', { node: name, incarnation, restarts: member.restarts })
  }

  async #begin(name: string): Promise<void> {
    const { node, restarts } = this.#member(name)
    if (node === undefined) return
    try {
      await this.#scenario.start?.(node, { restarts, nodes: this.names })
    } catch (error) {
      const at = placeText(error)
      const where = at === undefined ? name : `${name} at ${at}`
      const detail = `start threw on node ${where}: ${messageOf(error)}`
      throw badScenario(this.#scenario.name, detail, error, { node: name, ...userPlace(error) })
    }
  }

  #member(name: string): Member {
    const member = this.#members.get(name)
    if (member === undefined) throw unknownNode(name, this.names)
    return member
  }

  #logger(node: string): Logger {
    const at = (level: string) => (fields: object, message: string) => {
      this.events.emit('logged', { node, level, message, fields })
    }
    return { debug() {}, info: at('info'), warn: at('warn'), error: at('error') }
  }
}

/** The same overlay, whose cores are shown to `keep`. What is no factory `startNode` refuses. */
function keeping(factory: OverlayFactory, keep: (core: Overlay) => void): OverlayFactory {
  if (typeof factory?.create !== 'function') return factory
  return {
    ...factory,
    name: factory.name,
    create: (self, random) => {
      const core = factory.create(self, random)
      keep(core)
      return core
    },
  }
}

export const notRunning = (node: string): TroupeError =>
  new TroupeError('ERR_NODE_DOWN', `node ${node} does not run`)

export const unknownNode = (node: string, names: readonly string[]): TroupeError =>
  new TroupeError('ERR_UNKNOWN_NODE', `there is no node ${node}; there are: ${names.join(', ')}`)

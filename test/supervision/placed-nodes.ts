import { classNamed } from '../../src/actor/class-registry.js'
import type { ExitReason } from '../../src/actor/exit-reason.js'
import { TroupeError } from '../../src/base/errors.js'
import { ChildHost, type HostListener } from '../../src/supervision/child-host.js'
import type { ChildClass } from '../../src/supervision/child-spec.js'
import type {
  PlacedCopy,
  PlacementOrder,
  PlacementOutcome,
  RemotePlacement,
} from '../../src/supervision/placement.js'
import type { MembersView, Place } from '../../src/supervision/relocation.js'
import { noRemoteBonds } from '../../src/supervision/remote-bonds.js'
import { restartsAfter } from '../../src/supervision/restart-policy.js'
import { SupervisedNode } from './supervised-node.js'

type Answer = (outcome: PlacementOutcome) => void

/** A node that hosts placed children, and what lies between it and the owner. */
class Host implements HostListener {
  readonly node: SupervisedNode
  readonly place: Place
  readonly host: ChildHost
  readonly orders = new Map<string, PlacementOrder>()
  readonly starting = new Map<number, Answer>()
  readonly stopping = new Map<number, (ended: boolean) => void>()
  readonly unsaid: (() => void)[] = []
  cut = false
  readonly #owner: () => SupervisedNode

  constructor(name: string, owner: () => SupervisedNode) {
    this.node = new SupervisedNode(name)
    this.place = this.node.supervision.self
    this.host = new ChildHost(this.node.system, undefined, this)
    this.#owner = owner
  }

  started(id: string, run: number): void {
    const ref = this.host.child(id)?.ref
    if (ref) this.starting.get(run)?.({ type: 'done', ref })
  }

  startFailed(_id: string, run: number, error: unknown): void {
    this.starting.get(run)?.({ type: 'failed', error })
  }

  ended(id: string, run: number, reason: ExitReason): boolean {
    const order = this.orders.get(id)
    if (!order) return false
    const say = () => this.#owner().supervision.placements.childEnded(order.owner, id, run, reason)
    if (this.cut) this.unsaid.push(say)
    else queueMicrotask(say)
    return restartsAfter(order.restart, reason)
  }

  stopped(_id: string, run: number): void {
    this.stopping.get(run)?.(true)
  }
}

/** One owner node `a` and hosts; the lines between them can be cut. Stands in for `remote/`. */
export class PlacedNodes implements RemotePlacement {
  readonly owner = new SupervisedNode('a')
  readonly hosts = new Map<string, Host>()

  constructor(...names: string[]) {
    for (const name of names) this.hosts.set(name, new Host(name, () => this.owner))
    this.owner.supervision.connect(noRemoteBonds, this, () => undefined)
  }

  seek(): void {}

  view(): MembersView {
    const { self } = this.owner.supervision
    const up = [...this.hosts.values()].filter((host) => !host.cut).map(({ place }) => place)
    const reachable = [self, ...up].sort((a, b) => (a.node < b.node ? -1 : 1))
    return { self, reachable, total: this.hosts.size + 1 }
  }

  start(order: PlacementOrder): Promise<PlacementOutcome> {
    return this.#order(order, (host) => {
      const actorClass = classNamed(order.type) as ChildClass
      host.orders.set(order.id, order)
      host.host.start(order.id, order.number, { ...order, actorClass })
    })
  }

  restart(order: PlacementOrder): Promise<PlacementOutcome> {
    return this.#order(order, (host) => host.host.restart(order.id, order.number))
  }

  #order(order: PlacementOrder, act: (host: Host) => void): Promise<PlacementOutcome> {
    const host = this.hosts.get(order.place.node)
    const lost = new TroupeError('ERR_NODE_DOWN', `no contact with ${order.place.node}`)
    if (!host || host.cut) return Promise.resolve({ type: 'lost', error: lost })
    return new Promise((resolve) => {
      host.starting.set(order.number, resolve)
      act(host)
    })
  }

  stop(copy: PlacedCopy, reason: ExitReason, deadlineMs: number, hold: boolean): Promise<boolean> {
    const host = this.hosts.get(copy.place.node)
    if (!host || host.cut) return Promise.resolve(false)
    return new Promise((resolve) => {
      host.stopping.set(copy.number, resolve)
      host.host.stop(copy.id, copy.number, reason, deadlineMs, hold)
    })
  }

  finish(copy: PlacedCopy, reason: ExitReason): void {
    this.hosts.get(copy.place.node)?.host.finish(copy.id, reason)
  }

  node(name: string): SupervisedNode {
    const host = this.hosts.get(name)
    if (!host) throw new Error(`no host ${name}`)
    return host.node
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      await this.owner.settle()
      for (const { node } of this.hosts.values()) await node.settle()
    }
  }

  /** The line is cut long enough for the owner to give the node up; the node lives on. */
  async cut(name: string): Promise<void> {
    const host = this.hosts.get(name)
    if (!host) return
    host.cut = true
    for (const answer of host.starting.values()) answer({ type: 'lost', error: new Error('cut') })
    for (const answer of host.stopping.values()) answer(false)
    this.owner.supervision.placements.nodeDown(host.place)
    await this.settle()
  }

  async heal(name: string): Promise<void> {
    const host = this.hosts.get(name)
    if (!host) return
    host.cut = false
    this.owner.supervision.placements.nodeUp(host.place)
    for (const say of host.unsaid.splice(0)) say()
    await this.settle()
  }

  /** The node dies and starts again as a new incarnation. */
  async replace(name: string): Promise<void> {
    await this.cut(name)
    const host = new Host(name, () => this.owner)
    const place = {
      node: name,
      incarnation: `${host.place.incarnation.slice(0, 9)}Z${host.place.incarnation.slice(10)}`,
    }
    Object.assign(host, { place })
    this.hosts.set(name, host)
    this.owner.supervision.placements.nodeUp(place)
    await this.settle()
  }

  /** Where live copies of probes with this id run. */
  copies(id: string): string {
    const nodes = [this.owner, ...[...this.hosts.values()].map(({ node }) => node)]
    return nodes
      .filter((node) => node.system.named(id))
      .map((node) => node.system.nodeName)
      .join(' ')
  }
}

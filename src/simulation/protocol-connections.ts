import type { OverlayEvent } from '../overlay/overlay.js'
import type { EventCalendar } from './event-calendar.js'
import { hashedDraw } from './hashed-draw.js'
import { END, PairTable } from './pair-table.js'
import { DUE } from './protocol-event.js'
import type { ProtocolNode } from './protocol-node.js'
import type { Traffic } from './traffic.js'

/**
 * How peers learn that a node has died. `closed`: its connections break, and each peer notices one
 * latency later. `send`: who sends to it notices a round trip later, as where a machine is back
 * without the process and answers with a reset. `none`: nobody is told; what is sent is lost.
 */
export type Detection = 'closed' | 'send' | 'none'

/** What the connections of a protocol network stand on. */
export interface ConnectionGround {
  readonly due: EventCalendar
  readonly traffic: Traffic
  readonly salt: number
  node(id: number): ProtocolNode
  oneWay(from: number, to: number): number
  /** It is a long way. */
  isFar(from: number, to: number): boolean
  step(node: ProtocolNode, event: OverlayEvent): void
  /** Something of the layer came over a connection; `from` is undefined when it was lost. */
  heard(to: ProtocolNode, from: ProtocolNode | undefined, number: number, body: unknown): void
}

const DOWN_AFTER_MS = 2_000
const REDIAL_MS = 1_000
const LOAN_MS = 5_000
/** Nobody answers, not even to refuse. */
const DIAL_TIMEOUT_MS = 3_000
const LOANED_BODIES_MAX = 64

/**
 * The connections between all nodes, with all that drivers do about them: dialling again and again,
 * connections lent for one message, letting go. Each end learns of the rise and fall of a connection
 * in its own time, and what travels on one keeps its order.
 */
export class ProtocolConnections {
  detection: Detection = 'closed'
  readonly #ground: ConnectionGround
  readonly #due: EventCalendar
  readonly #pairs = new PairTable()
  /** What waits for a connection that is dialled for it, by way. */
  readonly #waiting = new Map<number, unknown[]>()
  #loans = 0

  constructor(ground: ConnectionGround) {
    this.#ground = ground
    this.#due = ground.due
  }

  isUp(from: number, to: number): boolean {
    const way = this.#pairs.find(from, to)
    return way !== 0 && this.#pairs.has(way, END.UP)
  }

  /** How many connections the node holds. */
  count(id: number): number {
    return this.#pairs.waysOf(id).filter((way) => this.#pairs.has(way, END.UP)).length
  }

  connect(from: number, to: number): void {
    const way = this.#pairs.way(from, to)
    this.#pairs.set(way, END.WANTED)
    this.#pairs.setLoan(way, 0)
    this.#dial(way)
  }

  send(from: number, to: number, body: unknown): void {
    const way = this.#pairs.find(from, to)
    if (way !== 0 && this.#pairs.has(way, END.UP)) this.#put(way, body)
  }

  sendOnce(from: number, to: number, body: unknown): void {
    const way = this.#borrow(from, to)
    if (this.#pairs.has(way, END.UP)) {
      this.#put(way, body)
      return
    }
    const bodies = this.#waiting.get(way) ?? []
    if (bodies.length === 0) this.#waiting.set(way, bodies)
    if (bodies.length < LOANED_BODIES_MAX) bodies.push(body)
  }

  measure(from: number, to: number): void {
    const way = this.#borrow(from, to)
    if (this.#pairs.has(way, END.UP)) this.#probe(way)
    else this.#pairs.set(way, END.MEASURES)
  }

  /** Something of the layer; false when there is no connection. */
  carry(from: number, to: number, number: number, body: unknown): boolean {
    const way = this.#pairs.find(from, to)
    if (way === 0 || !this.#pairs.has(way, END.UP)) return false
    this.#arrive(way, DUE.CARRIED, number, body)
    return true
  }

  /** An overlay does not want the connection: it is closed, or (`release`) the other side may close it. */
  letGo(from: number, to: number, how: 'disconnect' | 'release'): void {
    const way = this.#pairs.find(from, to)
    if (way === 0) return
    this.#pairs.clear(way, END.WANTED | END.MEASURES)
    this.#pairs.setLoan(way, 0)
    this.#waiting.delete(way)
    if (how === 'disconnect') this.#close(way)
    else this.#release(way)
    this.#pairs.settle(way)
  }

  /** True when the two are connected, by a connection that was there or by one that is now. */
  meet(from: number, to: number): boolean {
    const way = this.#pairs.way(from, to)
    const met = this.#pairs.has(way, END.UP) ? this.#ground.node(to).alive : this.#establish(way)
    this.#pairs.settle(way)
    return met
  }

  /** The node has died. */
  crash(id: number): void {
    const pairs = this.#pairs
    for (const way of pairs.waysOf(id)) {
      pairs.clear(way, END.WANTED | END.UP | END.MEASURES)
      pairs.setLoan(way, 0)
      this.#waiting.delete(way)
      if (this.detection === 'closed' && pairs.has(way ^ 1, END.UP)) this.#arrive(way, DUE.DOWN)
      pairs.settle(way)
    }
  }

  /** One of the events that belong to a connection. */
  handle(kind: number, way: number, epoch: number, number: number, body: unknown): void {
    switch (kind) {
      case DUE.MESSAGE:
        if (this.#reads(way, epoch)) this.#message(way, body)
        break
      case DUE.CARRIED:
        this.#hear(way, epoch, number, body)
        break
      case DUE.DIALLED:
        this.#dialled(way)
        break
      case DUE.REDIAL:
        this.#redial(way)
        break
      case DUE.DOWN:
        this.#down(way, epoch)
        break
      case DUE.LOAN_END:
        this.#loanEnds(way, epoch)
        break
      case DUE.RELEASED:
        if (this.#reads(way, epoch) && !this.#isNeeded(way)) this.#close(way)
        break
      case DUE.ROUND_TRIP:
        this.#measured(way, epoch)
        break
    }
  }

  #put(way: number, body: unknown): void {
    const { traffic, isFar } = this.#ground
    traffic.sent(body, isFar(this.#pairs.owner(way), this.#pairs.peer(way)))
    this.#arrive(way, DUE.MESSAGE, 0, body)
  }

  /** Comes to the other end of the way after all that left this one before. */
  #arrive(way: number, kind: number, number = 0, body?: unknown): void {
    const pairs = this.#pairs
    const ms = this.#ground.oneWay(pairs.owner(way), pairs.peer(way))
    const at = pairs.arrival(way, this.#due.nowMs + ms)
    this.#due.push(at, kind, way ^ 1, pairs.epoch(way), number, body)
  }

  /** True when what was sent on that connection is read at this end. */
  #reads(way: number, epoch: number): boolean {
    const pairs = this.#pairs
    if (pairs.epoch(way) !== epoch) return false
    if (this.#owner(way).alive) return pairs.has(way, END.UP)
    if (this.detection === 'send' && pairs.has(way ^ 1, END.UP)) this.#arrive(way, DUE.DOWN)
    return false
  }

  #message(way: number, body: unknown): void {
    const { member } = this.#peer(way)
    this.#ground.step(this.#owner(way), { type: 'message', from: member, body })
  }

  #hear(way: number, epoch: number, number: number, body: unknown): void {
    const to = this.#owner(way)
    const from = this.#peer(way)
    this.#ground.heard(to, this.#reads(way, epoch) ? from : undefined, number, body)
  }

  /** The way to a peer; where no connection stands, one is dialled and held for a while. */
  #borrow(from: number, to: number): number {
    const pairs = this.#pairs
    const way = pairs.way(from, to)
    const up = pairs.has(way, END.UP)
    if (up ? pairs.loan(way) !== 0 : !pairs.has(way, END.WANTED)) this.#lend(way)
    if (!up) this.#dial(way)
    return way
  }

  #lend(way: number): void {
    this.#loans = (this.#loans + 1) & 0x7fffffff || 1
    this.#pairs.setLoan(way, this.#loans)
    this.#due.push(this.#due.nowMs + LOAN_MS, DUE.LOAN_END, way, this.#loans, 0, undefined)
  }

  #loanEnds(way: number, loan: number): void {
    const pairs = this.#pairs
    if (pairs.loan(way) !== loan) return
    pairs.setLoan(way, 0)
    pairs.clear(way, END.MEASURES)
    this.#waiting.delete(way)
    if (!pairs.has(way, END.WANTED)) this.#release(way)
    pairs.settle(way)
  }

  #probe(way: number): void {
    const at = this.#due.nowMs + this.#roundTrip(way)
    this.#due.push(at, DUE.ROUND_TRIP, way, this.#pairs.epoch(way), 0, undefined)
  }

  #measured(way: number, epoch: number): void {
    const pairs = this.#pairs
    if (pairs.epoch(way) !== epoch || !pairs.has(way, END.UP)) return
    const { name, incarnation } = this.#peer(way).member
    const ms = this.#roundTrip(way)
    this.#ground.step(this.#owner(way), { type: 'roundTrip', peer: name, incarnation, ms })
  }

  #release(way: number): void {
    if (!this.#pairs.has(way, END.UP)) return
    this.#ground.traffic.releases++
    this.#arrive(way, DUE.RELEASED)
  }

  #close(way: number): void {
    if (!this.#pairs.has(way, END.UP)) return
    this.#due.push(this.#due.nowMs, DUE.DOWN, way, this.#pairs.epoch(way), 0, undefined)
    this.#arrive(way, DUE.DOWN)
  }

  /** This end learns that the connection is gone. */
  #down(way: number, epoch: number): void {
    const pairs = this.#pairs
    if (pairs.epoch(way) !== epoch || !pairs.has(way, END.UP)) return
    pairs.clear(way, END.UP)
    const node = this.#owner(way)
    const peer = this.#peer(way)
    const { name, incarnation } = peer.member
    this.#due.push(this.#due.nowMs + DOWN_AFTER_MS, DUE.NODE_DOWN, node.id, peer.id, 0, undefined)
    if (this.#isNeeded(way)) this.#dialLater(way, 0)
    this.#ground.step(node, { type: 'peerDown', peer: name, incarnation })
    pairs.settle(way)
  }

  #dial(way: number): void {
    const pairs = this.#pairs
    if (pairs.has(way, END.UP | END.DIALLING | END.WAITING)) return
    pairs.set(way, END.DIALLING)
    this.#ground.traffic.dials++
    const silent = this.detection === 'none' && !this.#peer(way).alive
    const ms = silent ? DIAL_TIMEOUT_MS : this.#roundTrip(way)
    this.#due.push(this.#due.nowMs + ms, DUE.DIALLED, way, 0, 0, undefined)
  }

  #dialled(way: number): void {
    const pairs = this.#pairs
    pairs.clear(way, END.DIALLING)
    const node = this.#owner(way)
    if (node.alive && this.#isNeeded(way) && !pairs.has(way, END.UP) && !this.#establish(way)) {
      this.#dialLater(way, REDIAL_MS / 2)
      this.#ground.step(node, { type: 'connectFailed', peer: this.#peer(way).name })
    }
    pairs.settle(way)
  }

  #dialLater(way: number, leastMs: number): void {
    const pairs = this.#pairs
    if (pairs.has(way, END.WAITING)) return
    pairs.set(way, END.WAITING)
    const { salt } = this.#ground
    const draw = hashedDraw(salt, pairs.owner(way), pairs.peer(way), this.#due.taken | 0)
    const at = this.#due.nowMs + leastMs + REDIAL_MS * draw
    this.#due.push(at, DUE.REDIAL, way, 0, 0, undefined)
  }

  #redial(way: number): void {
    this.#pairs.clear(way, END.WAITING)
    if (this.#isNeeded(way)) this.#dial(way)
    this.#pairs.settle(way)
  }

  /** The two are connected now; false when the other is dead or still holds an older connection. */
  #establish(way: number): boolean {
    const pairs = this.#pairs
    const other = way ^ 1
    const acceptor = this.#owner(other)
    if (!acceptor.alive || pairs.has(other, END.UP)) return false
    pairs.open(way, this.#due.nowMs)
    const epoch = pairs.epoch(way)
    const dialler = this.#owner(way)
    this.#flush(other)
    this.#ground.step(acceptor, { type: 'peerUp', peer: dialler.member })
    if (pairs.epoch(way) !== epoch || !pairs.has(way, END.UP)) return true
    this.#flush(way)
    this.#ground.step(dialler, { type: 'peerUp', peer: acceptor.member })
    return true
  }

  /** What waited for the connection leaves. */
  #flush(way: number): void {
    const pairs = this.#pairs
    if (pairs.has(way, END.MEASURES)) this.#probe(way)
    pairs.clear(way, END.MEASURES)
    const bodies = this.#waiting.get(way)
    if (bodies === undefined) return
    this.#waiting.delete(way)
    for (const body of bodies) this.#put(way, body)
  }

  #isNeeded(way: number): boolean {
    return this.#pairs.has(way, END.WANTED) || this.#pairs.loan(way) !== 0
  }

  #owner(way: number): ProtocolNode {
    return this.#ground.node(this.#pairs.owner(way))
  }

  #peer(way: number): ProtocolNode {
    return this.#ground.node(this.#pairs.peer(way))
  }

  #roundTrip(way: number): number {
    const from = this.#pairs.owner(way)
    const to = this.#pairs.peer(way)
    return this.#ground.oneWay(from, to) + this.#ground.oneWay(to, from)
  }
}

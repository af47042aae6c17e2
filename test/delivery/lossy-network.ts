import { assert } from 'chai'
import { Heap } from '../../src/base/heap.js'
import { type Random, seededRandom } from '../../src/base/random.js'
import { unreachable } from '../../src/base/unreachable.js'
import type { DeliveryPlan } from '../../src/delivery/delivery-plan.js'
import { Pipeline } from '../../src/delivery/pipeline.js'
import type { PipelineEffect, PipelineEvent } from '../../src/delivery/pipeline-event.js'
import type { GivenPipelineOptions } from '../../src/delivery/pipeline-options.js'
import type { Outcome } from '../../src/delivery/stage.js'
import { CausalOracle } from './causal-oracle.js'

/** A message of a test, with what is to be checked about it. */
export interface Note {
  readonly serial: number
  /** Incarnations. */
  readonly from: string
  readonly to: string
  readonly channel: string
  readonly key: number
  readonly plan: DeliveryPlan
  /** Counts the messages of the same ends, channel, key and label. */
  readonly place: number
}

export interface Faults {
  /** Chance of each transmission, and of each acknowledgement, to be lost. */
  readonly loss: number
  readonly duplication: number
  /** Each transmission takes a time of its own from 1 to this, so that they overtake each other. */
  readonly delayMaxMs: number
  /** Chance that the lane does not take a transmission. */
  readonly unsent: number
}

export const CALM: Faults = { loss: 0, duplication: 0, delayMaxMs: 1, unsent: 0 }
export const STORM: Faults = { loss: 0.3, duplication: 0.1, delayMaxMs: 80, unsent: 0 }

interface Occasion {
  readonly atMs: number
  readonly order: number
  run(): void
}

export class TestNode {
  readonly name: string
  readonly incarnation: string
  readonly pipeline: Pipeline<Note>
  readonly delivered: Note[] = []
  readonly timers = new Map<string, number>()
  readonly waitingAcks = new Set<string>()
  alive = true

  constructor(name: string, life: number, random: Random, options: GivenPipelineOptions) {
    this.name = name
    this.incarnation = `${name}#${life}`
    this.pipeline = new Pipeline(this.incarnation, random, options)
  }
}

/** Nodes with pipelines over links that lose, repeat and reorder, in virtual time. */
export class LossyNetwork {
  readonly random: Random
  readonly oracle = new CausalOracle()
  readonly outcomes = new Map<number, Outcome>()
  readonly refused: string[] = []
  readonly full: Note[] = []
  faults: Faults
  nowMs = 0
  transmissions = 0
  firstAttempts = 0
  /** Called after each delivery. */
  onDeliver: (node: TestNode, note: Note) => void = () => {}
  /** Called with each stamp that travels. */
  onStamp: (stamp: Uint8Array) => void = () => {}
  readonly #options: GivenPipelineOptions
  readonly #nodes = new Map<string, TestNode>()
  readonly #agenda = new Heap<Occasion>((a, b) =>
    a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs,
  )
  readonly #places = new Map<string, number>()
  readonly #given = new Set<number>()
  readonly #cut = new Set<string>()
  #order = 0
  #serial = 0

  constructor(seed: number | string, faults: Faults, options: GivenPipelineOptions = {}) {
    this.random = seededRandom(seed)
    this.faults = faults
    this.#options = options
  }

  /** A node, or its next life: the others learn that the old one is gone when `tellGone` is called. */
  start(name: string): TestNode {
    const life = [...this.#nodes.values()].filter((node) => node.name === name).length + 1
    const random = this.random.fork(`${name}${life}`)
    const node = new TestNode(name, life, random, this.#options)
    this.#nodes.set(node.incarnation, node)
    return node
  }

  crash(node: TestNode): void {
    node.alive = false
  }

  tellGone(at: TestNode, gone: TestNode): void {
    this.oracle.forgive(at.incarnation, gone.incarnation)
    this.feed(at, { type: 'peerGone', incarnation: gone.incarnation, nowMs: this.nowMs })
  }

  tellUp(at: TestNode, up: TestNode): void {
    this.feed(at, { type: 'peerUp', incarnation: up.incarnation, nowMs: this.nowMs })
  }

  /** Loses all that travels between the two until `heal`. */
  cut(a: TestNode, b: TestNode): void {
    this.#cut.add(`${a.incarnation}>${b.incarnation}`).add(`${b.incarnation}>${a.incarnation}`)
  }

  heal(): void {
    this.#cut.clear()
  }

  send(from: TestNode, to: TestNode, channel: string, key: number, plan: DeliveryPlan): Note {
    const order = `${from.incarnation}>${to.incarnation}/${channel}/${plan.label ?? `key ${key}`}`
    const place = (this.#places.get(order) ?? 0) + 1
    this.#places.set(order, place)
    const ends = { from: from.incarnation, to: to.incarnation }
    const note: Note = { serial: ++this.#serial, ...ends, channel, key, plan, place }
    const taken = this.full.length
    if (plan.label !== undefined) this.oracle.sent(note)
    const { nowMs } = this
    const rest = { message: note, bytes: 100, slot: undefined, congested: false, nowMs }
    this.feed(from, { type: 'send', to: to.incarnation, channel, key, plan, ...rest })
    if (this.full.length > taken && plan.label !== undefined) this.oracle.refused(note)
    return note
  }

  feed(node: TestNode, event: PipelineEvent<Note>): void {
    if (!node.alive) return
    for (const effect of node.pipeline.step(event)) this.#perform(node, effect)
  }

  at(delayMs: number, run: () => void): void {
    this.#agenda.push({ atMs: this.nowMs + delayMs, order: this.#order++, run })
  }

  /** Until nothing is left to happen. */
  run(limitMs = 10 * 60_000): void {
    for (let next = this.#agenda.pop(); next !== undefined; next = this.#agenda.pop()) {
      assert.isAtMost(next.atMs, limitMs, 'the network does not come to rest')
      this.nowMs = next.atMs
      next.run()
    }
  }

  runFor(ms: number): void {
    const endMs = this.nowMs + ms
    for (let next = this.#agenda.peek(); next && next.atMs <= endMs; next = this.#agenda.peek()) {
      this.#agenda.pop()
      this.nowMs = next.atMs
      next.run()
    }
    this.nowMs = endMs
  }

  get pending(): number {
    let pending = 0
    for (const node of this.#nodes.values()) if (node.alive) pending += node.pipeline.pending
    return pending
  }

  #perform(node: TestNode, effect: PipelineEffect<Note>): void {
    switch (effect.type) {
      case 'transmit':
        this.#transmit(node, effect)
        break
      case 'acknowledge':
        this.#carry(node, effect.to, effect.channel, effect.stamp, undefined)
        break
      case 'deliver':
        this.#deliver(node, effect.message)
        break
      case 'outcome':
        assert.isFalse(this.outcomes.has(effect.message.serial), 'one outcome a message')
        this.outcomes.set(effect.message.serial, effect.outcome)
        break
      case 'full':
        this.full.push(effect.message)
        break
      case 'ackSoon':
        this.at(0, () => this.feed(node, { ...effect, type: 'ackDue' }))
        break
      case 'startTimer':
        this.#startTimer(node, effect.timer, effect.delayMs)
        break
      case 'cancelTimer':
        node.timers.delete(effect.timer)
        break
      case 'refused':
        this.refused.push(effect.reason)
        break
      case 'dropped':
      case 'drained':
        break
      default:
        unreachable(effect)
    }
  }

  #transmit(node: TestNode, effect: PipelineEffect<Note> & { type: 'transmit' }): void {
    const { to, channel, id, attempt, stamp, message } = effect
    if (stamp !== undefined && this.random.float() < this.faults.unsent) {
      this.feed(node, { type: 'unsent', to, channel, id })
      this.at(5, () => this.feed(node, { type: 'writable', to, channel, nowMs: this.nowMs }))
      return
    }
    this.transmissions++
    if (attempt === 1) this.firstAttempts++
    if (stamp !== undefined) this.#carry(node, to, channel, stamp, message)
  }

  #carry(
    from: TestNode,
    to: string,
    channel: string,
    stamp: Uint8Array,
    message: Note | undefined,
  ): void {
    const { loss, duplication, delayMaxMs } = this.faults
    this.onStamp(stamp)
    if (this.#cut.has(`${from.incarnation}>${to}`)) return
    const copies = this.random.float() < duplication ? 2 : 1
    for (let i = 0; i < copies; i++) {
      if (this.random.float() < loss) continue
      this.at(1 + this.random.int(delayMaxMs), () => {
        const node = this.#nodes.get(to)
        if (node === undefined) return
        const rest = { message: message as Note, bytes: 100, nowMs: this.nowMs }
        this.feed(node, { type: 'received', from: from.incarnation, channel, stamp, ...rest })
      })
    }
  }

  #startTimer(node: TestNode, timer: string, delayMs: number): void {
    const turn = this.#order
    node.timers.set(timer, turn)
    this.at(delayMs, () => {
      if (node.timers.get(timer) !== turn) return
      node.timers.delete(timer)
      this.feed(node, { type: 'timer', timer, nowMs: this.nowMs })
    })
  }

  #deliver(node: TestNode, note: Note): void {
    assert.equal(note.to, node.incarnation, 'it reaches the incarnation it was sent to')
    assert.isFalse(this.#given.has(note.serial), `message ${note.serial} is handed over once`)
    this.#given.add(note.serial)
    node.delivered.push(note)
    if (note.plan.label !== undefined) this.oracle.delivered(note)
    this.onDeliver(node, note)
  }
}

/** Messages of one order in the order they were sent, gaps allowed. */
export function assertOrderKept(node: TestNode): void {
  const last = new Map<string, number>()
  for (const { from, channel, key, plan, place } of node.delivered) {
    if (!plan.inOrder) continue
    const order = `${from}/${channel}/${plan.label ?? `key ${key}`}`
    assert.isAbove(place, last.get(order) ?? 0, `${node.incarnation} gets ${order} in order`)
    last.set(order, place)
  }
}

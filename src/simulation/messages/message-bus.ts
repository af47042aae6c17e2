import { MessageNumbers } from '../../fault/message-numbers.js'
import type { FrameInfo, MessageName } from '../../peer/gate.js'
import { ENVELOPE, type Envelope } from '../../wire/envelope.js'
import { FRAME, type FrameKind } from '../../wire/frame.js'
import { FrameWriter } from '../../wire/frame-writer.js'
import type { Agenda } from '../agenda.js'
import type { Choices } from '../choices.js'
import type { Exchanges } from '../exchanges.js'
import { guardSlot } from '../guards/slot.js'
import type { Links } from '../links.js'
import type { Life } from '../sim-host.js'
import { candidateOf, serialOf, TIME } from './candidates.js'
import { Flight } from './flight.js'
import { type FlightLane, Line } from './line.js'

/** One delivery takes that long, so that none of them is at the same instant as another. */
const STEP_US = 1
/** As a node's own heartbeats would notice it. */
const SILENCE_US = 3_000_000

/** One node's end of the bus. */
export interface BusEnd {
  readonly name: string
  readonly life: Life
  /** True while messages can travel between this node and that one. */
  isUp(peer: string): boolean
  /** The two are connected now. */
  up(peer: BusEnd): void
  /** They are not any more; `lost` messages to the peer were under way, by channel. */
  down(peer: string, reason: string, lost: ReadonlyMap<string, number>): void
  /** A message arrives. False: put it back, it is to come at `flight.readyUs`. */
  arrive(from: string, flight: Flight): boolean
}

/** What the bus needs of the simulation it is in. */
export interface BusGround {
  readonly agenda: Agenda
  readonly links: Links
}

/** How a message is called, as its receiver knows it. */
export type Namer = (to: string, frame: FrameInfo) => MessageName | undefined

/**
 * Carries whole messages between simulated nodes, one a step: in the order in which they were sent,
 * unless a source of choices says otherwise. What is on one lane keeps its order, always.
 */
export class MessageBus {
  readonly agenda: Agenda
  /** What encodes messages, for all ends. */
  readonly writer = new FrameWriter()
  readonly #links: Links
  readonly #ends = new Map<string, BusEnd>()
  readonly #lines = new Map<string, Map<string, Line>>()
  /** Lanes with something under way. */
  readonly #busy = new Set<FlightLane>()
  readonly #healed = { healed: () => this.#wake() }
  readonly #stepping = (): void => this.#step()
  #serial = 0
  #due = false
  #quiet: (() => void) | undefined
  #namer: Namer | undefined
  #numbers: MessageNumbers | undefined
  #choices: Choices | undefined
  /** Hears of all that is sent and arrives. */
  exchanges: Exchanges | undefined
  /** How often time may still go on while messages are under way. */
  #earlyTimers = 0

  constructor({ agenda, links }: BusGround) {
    this.agenda = agenda
    this.#links = links
  }

  set namer(namer: Namer) {
    this.#namer = namer
  }

  /** From now on choices decide which message comes next; `earlyTimers` times also whether time goes on before any. */
  decide(choices: Choices, earlyTimers: number): void {
    this.#choices = choices
    this.#earlyTimers = earlyTimers
    this.#numbers = new MessageNumbers()
  }

  /** A node is there: it is connected to all others. An earlier start of it is gone. */
  attach(end: BusEnd): void {
    this.detach(end.name, 'it was started anew')
    this.#ends.set(end.name, end)
    for (const other of this.#ends.values()) if (other !== end) this.#connect(end, other)
  }

  /** A node is gone: what it has sent still arrives, then the others see its end. */
  detach(name: string, reason: string): void {
    const end = this.#ends.get(name)
    if (end === undefined) return
    this.#ends.delete(name)
    for (const other of this.#ends.values()) {
      this.#lose(this.#line(other.name, name))
      this.#afterLast(this.#line(name, other.name), () => {
        if (this.#ends.get(name) === undefined) other.down(name, reason, NONE)
      })
    }
  }

  /** A machine lost its power: what it has sent still arrives, and nobody is told. */
  vanish(name: string): void {
    const end = this.#ends.get(name)
    if (end === undefined) return
    this.#ends.delete(name)
    for (const other of this.#ends.values()) {
      this.#lose(this.#line(other.name, name))
      this.agenda.schedule(SILENCE_US, 'timer', other.life, other.name, () => {
        if (this.#ends.get(name) === undefined) other.down(name, 'it is silent', NONE)
      })
    }
  }

  /** Resolves when nothing is under way. */
  quiet(): Promise<void> {
    if (this.#busy.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#quiet = resolve
    })
  }

  end(name: string): BusEnd | undefined {
    return this.#ends.get(name)
  }

  get nowUs(): number {
    return this.agenda.nowUs
  }

  /** Breaks the connection of two nodes, and makes it again. Gives how many ends that concerns. */
  reset(a: string, b: string): number {
    const one = this.#ends.get(a)
    const other = this.#ends.get(b)
    if (one === undefined || other === undefined || !one.isUp(b)) return 0
    this.#part(one, other, 'the connection was reset')
    this.#connect(one, other)
    return 2
  }

  /** Two nodes let go of each other, by the wish of one. */
  part(a: string, b: string, reason: string): void {
    const one = this.#ends.get(a)
    const other = this.#ends.get(b)
    if (one !== undefined && other !== undefined && one.isUp(b)) this.#part(one, other, reason)
  }

  /** Makes the connection of two nodes, if there is none. */
  connect(a: string, b: string): void {
    const one = this.#ends.get(a)
    const other = this.#ends.get(b)
    if (one !== undefined && other !== undefined && !one.isUp(b)) this.#connect(one, other)
  }

  send(
    from: string,
    to: string,
    kind: FrameKind,
    channel: string,
    lane: number,
    bytes: Buffer,
    envelope: Envelope | undefined,
    late: { readonly delayMs: number; readonly asideMs: number },
  ): void {
    if (++this.agenda.sends > this.agenda.maxSends) return
    this.exchanges?.sent(from, to, kind, channel, bytes)
    const line = this.#line(from, to)
    const label = this.#label(from, to, kind, channel, envelope)
    const actor = isOfActors(envelope) ? String(envelope?.to) : ''
    const delayUs = Math.round((late.delayMs + late.asideMs) * 1000)
    const flight = new Flight(
      this.#serial++,
      kind,
      channel,
      bytes,
      this.agenda.running,
      label,
      actor,
      delayUs === 0 ? 0 : this.nowUs + delayUs,
    )
    this.#put(late.asideMs > 0 ? line.ownLane() : line.lane(channel, lane), flight)
  }

  /** Once more, later: at `flight.readyUs`, and behind nothing where it is `aside`. */
  again(from: string, to: string, flight: Flight): void {
    this.#put(this.#line(from, to).ownLane(), flight)
  }

  #put(lane: FlightLane, flight: Flight): void {
    lane.flights.push(flight)
    this.#busy.add(lane)
    this.#wake()
  }

  #wake(): void {
    if (this.#due || this.#busy.size === 0) return
    this.#due = true
    this.agenda.schedule(STEP_US, 'message', undefined, '', this.#stepping)
  }

  #step(): void {
    this.#due = false
    if (this.#busy.size === 0) {
      this.#quiet?.()
      this.#quiet = undefined
      return
    }
    const lane = this.#next()
    if (lane === undefined) return
    const flight = lane.flights.shift() as Flight
    if (lane.flights.size === 0) this.#busy.delete(lane)
    this.#deliver(lane, flight)
    // What has just arrived may have sent nothing yet: there is one more look when nothing is left.
    if (this.#busy.size === 0 && this.#quiet !== undefined) this.#wakeAt(this.nowUs + STEP_US)
    else this.#wake()
  }

  #deliver(lane: FlightLane, flight: Flight): void {
    const { from, to, name } = lane.line
    const end = this.#ends.get(to)
    const { hash } = this.agenda
    hash.text(name)
    hash.bytes(flight.bytes)
    if (end === undefined || !end.isUp(from)) return
    guardSlot.host = end.life.guarded
    const seen = this.exchanges?.arriving(from, to, flight)
    if (end.arrive(from, flight)) {
      if (flight.copies === 0) seen?.lost()
      return
    }
    seen?.lost()
    lane.flights.unshift(flight)
    this.#busy.add(lane)
  }

  /** The lane whose first message comes next; undefined when there is none, and when time goes on first. */
  #next(): FlightLane | undefined {
    const choices = this.#choices?.picks === true ? this.#choices : undefined
    const ready: FlightLane[] = []
    let first = Number.POSITIVE_INFINITY
    let laterUs = Number.POSITIVE_INFINITY
    for (const lane of this.#busy) {
      const { line, flights } = lane
      const head = flights.peek() as Flight
      // Nobody chooses: what was sent later than the first that may come is of no interest.
      if (choices === undefined && head.serial > first) continue
      if (line.way.isCut) line.way.wait(this.#healed)
      else if (this.#ends.get(line.to)?.life.host.paused === true)
        laterUs = Math.min(laterUs, this.nowUs + POLL_US)
      else if (head.readyUs > this.nowUs) laterUs = Math.min(laterUs, head.readyUs)
      else {
        if (choices === undefined) ready.length = 0
        ready.push(lane)
        first = head.serial
      }
    }
    if (ready.length === 0) {
      if (laterUs < Number.POSITIVE_INFINITY) this.#wakeAt(laterUs)
      return undefined
    }
    return choices === undefined ? ready[0] : this.#choose(ready, choices)
  }

  #wakeAt(us: number): void {
    this.#due = true
    this.agenda.schedule(us - this.nowUs, 'message', undefined, '', this.#stepping)
  }

  #choose(ready: FlightLane[], choices: Choices): FlightLane | undefined {
    ready.sort((a, b) => serialOf(a) - serialOf(b))
    // What the runtime itself says is no matter of choice: it comes at once.
    const own = ready.find((lane) => lane.flights.peek()?.actor === '')
    if (own !== undefined) return own
    const candidates = ready.map(candidateOf)
    const timerUs = this.#earlyTimers > 0 ? this.agenda.nextTimerUs : undefined
    if (timerUs !== undefined) candidates.push(TIME)
    const at = choices.pick(candidates, this.agenda.running)
    if (at < ready.length) return ready[at]
    this.#earlyTimers--
    this.#wakeAt(Math.max(timerUs as number, this.nowUs) + STEP_US)
    return undefined
  }

  #label(
    from: string,
    to: string,
    kind: FrameKind,
    channel: string,
    envelope: Envelope | undefined,
  ): string {
    if (this.#numbers === undefined || envelope === undefined) return ''
    const frame = {
      direction: 'in',
      peer: from,
      channel,
      lane: 0,
      kind,
      envelope,
      bytes: 0,
    } as const
    const name = this.#namer?.(to, frame)
    if (name === undefined) return ''
    return `${name.from}>${name.to}:${name.name}#${this.#numbers.next('in', name)}`
  }

  #connect(a: BusEnd, b: BusEnd): void {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      this.agenda.schedule(STEP_US, 'connected', one.life, other.name, () => {
        const there = this.#ends.get(one.name) === one && this.#ends.get(other.name) === other
        if (there && !one.isUp(other.name)) one.up(other)
      })
    }
  }

  #part(a: BusEnd, b: BusEnd, reason: string): void {
    const there = this.#lose(this.#line(a.name, b.name))
    const back = this.#lose(this.#line(b.name, a.name))
    a.down(b.name, reason, there)
    this.agenda.schedule(STEP_US, 'close', b.life, a.name, () => b.down(a.name, reason, back))
  }

  #lose(line: Line): ReadonlyMap<string, number> {
    const lost = new Map<string, number>()
    for (const { kind, channel } of line.clear()) {
      if (kind === FRAME.ENVELOPE) lost.set(channel, (lost.get(channel) ?? 0) + 1)
    }
    for (const lane of [...this.#busy]) if (lane.line === line) this.#busy.delete(lane)
    return lost
  }

  /** Runs `then` on the receiver when nothing that is under way now is left. */
  #afterLast(line: Line, then: () => void): void {
    const life = this.#ends.get(line.to)?.life
    const look = (): void => {
      if (line.empty || line.way.isCut) then()
      else this.agenda.schedule(STEP_US, 'close', life, line.from, look)
    }
    this.agenda.schedule(STEP_US, 'close', life, line.from, look)
  }

  #line(from: string, to: string): Line {
    let lines = this.#lines.get(from)
    if (lines === undefined) {
      lines = new Map()
      this.#lines.set(from, lines)
    }
    let line = lines.get(to)
    if (line === undefined) {
      const way = this.#links.way(from, to)
      line = new Line(from, to, way)
      lines.set(to, line)
      way.watch(() => this.#cut(from, to))
    }
    return line
  }

  /** Where one side hears nothing for long, both give the connection up; it is made anew once both can hear. */
  #cut(from: string, to: string): void {
    const ways = [this.#links.way(from, to), this.#links.way(to, from)]
    if (!ways.some(({ isCut }) => isCut)) {
      this.connect(from, to)
      return
    }
    this.agenda.schedule(SILENCE_US, 'timer', undefined, `${from}>${to}`, () => {
      if (ways.some(({ isCut }) => isCut)) this.part(from, to, 'it is silent')
    })
  }
}

const NONE: ReadonlyMap<string, number> = new Map()
const POLL_US = 1_000
const ACTORS: ReadonlySet<number> = new Set([
  ENVELOPE.TELL,
  ENVELOPE.ASK,
  ENVELOPE.REPLY,
  ENVELOPE.FAILURE,
  ENVELOPE.FORWARD,
])
/** A message that one actor sends another, or its answer. */
export const isOfActors = (envelope: Envelope | undefined): boolean =>
  envelope !== undefined && ACTORS.has(envelope.kind)

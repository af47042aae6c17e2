import { standBetween, straight } from '../actor/hand-over.js'
import type { Incarnation } from '../actor/incarnation.js'
import { Message } from '../actor/message.js'
import { codeOf, TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { Taker, Way } from '../cluster/doors.js'
import type { DeliveryPlan } from '../delivery/delivery-plan.js'
import type { Member } from '../overlay/overlay.js'
import type { Decide, Fate, PassageAccess, Point } from '../peer/passage.js'
import { FULL, SENT, type SendOutcome } from '../peer/transport.js'
import { Envelope } from '../wire/envelope.js'
import type { Clock } from '../world/clock.js'
import { DeliveredMessage } from './delivered-message.js'
import type { House } from './house.js'
import { PassingEnvelope } from './passing-envelope.js'
import { WaitingLines } from './waiting-lines.js'

/** Lets somebody decide about the messages of a node, and does what was decided. */
export class NodePassages implements PassageAccess {
  readonly node: string
  readonly clock: Clock
  readonly log: Logger
  readonly #house: House
  readonly #sending = new WaitingLines()
  readonly #receiving = new WaitingLines()
  /** Messages back in their mailbox about which nobody is asked again. */
  readonly #decided = new WeakSet<Message>()

  constructor(house: House) {
    this.#house = house
    this.node = house.system.nodeName
    this.clock = house.world.clock
    this.log = house.log
  }

  occupy(point: Point, decide: Decide | undefined): void {
    const { system, cluster } = this.#house
    if (point === 'deliver') {
      standBetween(
        system,
        decide && ((context, message) => this.#deliver(decide, context, message)),
      )
    } else if (point === 'send') {
      cluster.standAtSend(
        decide &&
          ((way, node, channel, envelope, plan) =>
            this.#send(decide, way, node, channel, envelope, plan)),
      )
    } else {
      cluster.standAtReceive(
        decide &&
          ((taker, from, channel, envelope, again) =>
            this.#receive(decide, taker, from, channel, envelope, again)),
      )
    }
  }

  /** Nobody stands anywhere any more. */
  close(): void {
    for (const point of ['send', 'receive', 'deliver'] as const) this.occupy(point, undefined)
  }

  /** @throws TroupeError what the way says, while the message has not to wait */
  #send(
    decide: Decide,
    way: Way,
    node: string,
    channel: number,
    envelope: Envelope,
    plan: DeliveryPlan | undefined,
  ): SendOutcome {
    const message = new PassingEnvelope('send', this.#house, node, channel, envelope)
    const fate = decide(message)
    const { line } = message
    if (fate instanceof Promise || this.#sending.busy(line)) {
      envelope.body ??= this.#encoded(envelope.args ?? [])
      this.#sending.push(line, fate, (known) => {
        for (const copy of copiesOf(envelope, known)) this.#late(way, node, channel, copy, plan)
      })
      return SENT
    }
    let outcome: SendOutcome = SENT
    for (const copy of copiesOf(envelope, fate)) outcome = way.send(node, channel, copy, plan)
    return outcome
  }

  /** Nobody waits for the outcome any more: what cannot be sent is undelivered. */
  #late(
    way: Way,
    node: string,
    channel: number,
    envelope: Envelope,
    plan: DeliveryPlan | undefined,
  ): void {
    try {
      if (way.send(node, channel, envelope, plan) !== FULL) return
      const error = new TroupeError('ERR_LANE_FULL', `the lane to node ${node} is full`)
      this.#undelivered(node, channel, envelope, error)
    } catch (error) {
      this.#undelivered(node, channel, envelope, error)
    }
  }

  #undelivered(node: string, channel: number, envelope: Envelope, error: unknown): void {
    const { cluster, remote } = this.#house
    const member = cluster.member(node)
    this.log.debug({ node, code: codeOf(error) }, 'a message that waited could not be sent')
    if (member === undefined || !(error instanceof TroupeError)) return
    remote.undelivered(member, cluster.channelName(channel), envelope, error)
  }

  #encoded(args: readonly unknown[]): NonNullable<Envelope['body']> {
    const { head, payloads } = this.#house.codec.encodeArgs(args)
    return { head, payloads: payloads.map((bytes) => Uint8Array.from(bytes)) }
  }

  /** What had to wait counts as taken: it is not offered again. */
  #receive(
    decide: Decide,
    taker: Taker,
    from: Member,
    channel: number,
    envelope: Envelope,
    again: boolean,
  ): boolean {
    const message = new PassingEnvelope('receive', this.#house, from.name, channel, envelope)
    const fate = decide(message)
    const { line } = message
    if (fate instanceof Promise || this.#receiving.busy(line)) {
      this.#receiving.push(line, fate, (known) => {
        for (const copy of copiesOf(envelope, known)) taker.take(from, channel, copy, false)
      })
      return true
    }
    if (fate === undefined) return taker.take(from, channel, envelope, again)
    for (const copy of copiesOf(envelope, fate)) taker.take(from, channel, copy, false)
    return true
  }

  #deliver(decide: Decide, context: Incarnation, message: Message): void {
    // what is settled has no handler any more, and timers are no messages
    const own = message.method.index < 0 || message.sink?.settled === true
    if (own || this.#decided.delete(message)) {
      straight(context, message)
      return
    }
    const fate = decide(new DeliveredMessage(context.cell, message))
    if (fate === undefined) straight(context, message)
    else if (fate instanceof Promise) {
      const settle = context.postpone(message)
      void fate.then((known) => settle(this.#instead(message, known)))
    } else {
      const instead = this.#instead(message, fate)
      if (instead.length > 0) context.cell.putBack(instead)
    }
  }

  /** What goes back into the mailbox: only the first of several copies can answer. */
  #instead(message: Message, fate: Fate | undefined): Message[] {
    const args = fate?.args ?? message.args
    return Array.from({ length: fate?.copies ?? 1 }, (_, at) => {
      const copy = Message.of(message.method, args, at === 0 ? message.sink : undefined)
      if (message.order !== 0) copy.order = message.order
      this.#decided.add(copy)
      return copy
    })
  }
}

function copiesOf(envelope: Envelope, fate: Fate | undefined): Envelope[] {
  if (fate === undefined) return [envelope]
  const { kind, to, method, callId, key, stamp } = envelope
  const args = fate.args ?? envelope.args
  const body = fate.args === undefined ? envelope.body : undefined
  return Array.from(
    { length: fate.copies },
    () => new Envelope(kind, to, method, callId, key, args, body, stamp),
  )
}

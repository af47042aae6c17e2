import { type Random, seededRandom } from '../../src/base/random.js'
import { unreachable } from '../../src/base/unreachable.js'
import type {
  Member,
  Overlay,
  OverlayEffect,
  OverlayEvent,
  OverlayFactory,
} from '../../src/overlay/overlay.js'
import { addressOf, incarnationFor } from './core-network.js'

interface Seat {
  readonly member: Member
  readonly overlay: Overlay
  readonly links: Set<Seat>
  readonly wants: Set<string>
}

/**
 * Hundreds of cores whose messages pass through one queue, without time, loss or failure: after each
 * event all that follows from it happens at once. Timers fire when the test says so. For figures and
 * for what must hold between two steps of the whole.
 */
export class CoreQueue {
  readonly random: Random
  readonly seats = new Map<string, Seat>()
  messages = 0
  readonly badMessages: string[] = []
  readonly #factory: OverlayFactory
  readonly #due: (() => void)[] = []

  /** Joined through the first, one after the other. */
  constructor(factory: OverlayFactory, count: number, seed: number | string) {
    this.#factory = factory
    this.random = seededRandom(seed)
    for (let i = 0; i < count; i++) this.#start(i)
  }

  overlays(): Overlay[] {
    return [...this.seats.values()].map((seat) => seat.overlay)
  }

  /** One period of every node, in random order; `then` runs after each node's. */
  cycle(then: () => void = () => {}): void {
    const seats = [...this.seats.values()]
    for (const seat of this.random.sample(seats, seats.length)) {
      this.#feed(seat, { type: 'timer', name: 'shuffle' })
      this.#drain()
      then()
    }
  }

  /** Names of both ends of each link, those of one end only included. */
  links(): [string, string][] {
    return [...this.seats].flatMap(([name, { overlay }]) =>
      overlay.neighbours().map((other): [string, string] => [name, other]),
    )
  }

  #start(i: number): void {
    const name = `n${String(i).padStart(4, '0')}`
    const member: Member = {
      name,
      incarnation: incarnationFor(i + 1),
      generation: i + 1,
      addresses: [addressOf(name)],
      tags: [],
    }
    const overlay = this.#factory.create(member, this.random.fork(name))
    const seat: Seat = { member, overlay, links: new Set(), wants: new Set() }
    const [contact] = this.seats.values()
    this.seats.set(name, seat)
    this.#feed(seat, { type: 'start' })
    if (contact !== undefined) {
      this.#link(seat, contact)
      this.#due.push(() => this.#feed(seat, { type: 'join', contact: contact.member }))
    }
    this.#drain()
  }

  #drain(): void {
    for (const run of this.#due) run() // what comes up meanwhile is appended
    this.#due.length = 0
  }

  #feed(seat: Seat, event: OverlayEvent): void {
    for (const effect of seat.overlay.step(event)) this.#perform(seat, effect)
  }

  #perform(seat: Seat, effect: OverlayEffect): void {
    switch (effect.type) {
      case 'connect': {
        seat.wants.add(effect.peer.name)
        const peer = this.seats.get(effect.peer.name)
        if (peer !== undefined) this.#link(seat, peer)
        break
      }
      case 'disconnect':
        seat.wants.delete(effect.peer)
        this.#due.push(() => this.#unlink(seat, effect.peer))
        break
      case 'release':
        seat.wants.delete(effect.peer)
        this.#due.push(() => {
          const other = this.seats.get(effect.peer)
          if (seat.wants.has(effect.peer) || other?.wants.has(seat.member.name)) return
          this.#unlink(seat, effect.peer)
        })
        break
      case 'send':
      case 'sendOnce': {
        const { to, type } = effect
        const peer = this.seats.get(typeof to === 'string' ? to : to.name)
        if (peer === undefined || (type === 'send' && !seat.links.has(peer))) break
        this.messages++
        const event = { type: 'message', from: seat.member, body: effect.body } as const
        this.#due.push(() => this.#feed(peer, event))
        break
      }
      case 'badMessage':
        this.badMessages.push(`${effect.from}: ${effect.detail}`)
        break
      case 'startTimer':
      case 'cancelTimer':
      case 'measure':
      case 'publish':
      case 'connectAddress':
      case 'memberJoined':
      case 'memberLeft':
      case 'selfLeft':
      case 'persist':
        break
      default:
        unreachable(effect)
    }
  }

  #link(a: Seat, b: Seat): void {
    if (a.links.has(b)) return
    a.links.add(b)
    b.links.add(a)
    this.#due.push(() => this.#feed(b, { type: 'peerUp', peer: a.member }))
    this.#due.push(() => this.#feed(a, { type: 'peerUp', peer: b.member }))
  }

  #unlink(a: Seat, name: string): void {
    const b = this.seats.get(name)
    if (b === undefined || !a.links.delete(b)) return
    b.links.delete(a)
    for (const [at, { member }] of [
      [a, b],
      [b, a],
    ] as const) {
      const { name: peer, incarnation } = member
      this.#due.push(() => this.#feed(at, { type: 'peerDown', peer, incarnation }))
    }
  }
}

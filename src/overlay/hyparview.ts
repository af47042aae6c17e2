import type { Random } from '../base/random.js'
import { unreachable } from '../base/unreachable.js'
import { Contacts } from './contacts.js'
import { type HyParViewMessage, messageFromWire, wire } from './hyparview-message.js'
import {
  type HyParViewOptions,
  type HyParViewSettings,
  readHyParViewOptions,
} from './hyparview-options.js'
import { compareIncarnations, sameIncarnation } from './member.js'
import { ASK } from './neighbour-requests.js'
import { Neighbourhood, REPAIR } from './neighbourhood.js'
import type {
  Member,
  Overlay,
  OverlayCapabilities,
  OverlayEffect,
  OverlayEvent,
  OverlayFactory,
} from './overlay.js'
import { PartialViews } from './partial-views.js'
import { Shuffles } from './shuffles.js'
import { StepEffects } from './step-effects.js'
import { storedMembers, storedState } from './stored-views.js'
import { XBot } from './xbot.js'
import { type XBotMessage, xbotWire } from './xbot-message.js'

/**
 * HyParView (Leitão, Pereira, Rodrigues, DSN'07): every node keeps a handful of neighbours, links
 * between them are symmetric, and knows some spares that replace those that fail. Its cost does not
 * grow with the cluster: for tens to ten thousands of nodes. `members()` is this node with its
 * neighbours and spares.
 *
 * `join` joins this node (or its whole cluster) to the contact's. `leave` of another node asks that
 * node to leave; one that cannot hear it stays. With `xbot`, neighbours are swapped for closer ones
 * (Leitão, Marques, Pereira, Rodrigues, SRDS'09).
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function hyparview(options: HyParViewSettings = {}): OverlayFactory {
  const read = readHyParViewOptions(options)
  return { name: NAME, create: (self, random) => new HyParView(self, random, read) }
}

const NAME = 'hyparview'
const CAPABILITIES: OverlayCapabilities = { membership: 'partial', direct: false }
/** A contact that does not answer is asked again this often, and so many times. */
const JOIN_AGAIN_MS = 1_000
const JOIN_ATTEMPTS = 30
const CONTACTS_MAX = 64
/** Changes of spares alone are stored every so many cycles. */
const STORE_ROUNDS = 6

class HyParView implements Overlay {
  readonly name = NAME
  readonly capabilities = CAPABILITIES
  readonly #self: Member
  readonly #random: Random
  readonly #options: HyParViewOptions
  readonly #effects = new StepEffects()
  readonly #views: PartialViews
  readonly #hood: Neighbourhood
  readonly #shuffles: Shuffles
  readonly #xbot: XBot | undefined
  readonly #contacts = new Contacts(CONTACTS_MAX, JOIN_ATTEMPTS)
  readonly #listMax: number
  #out = false
  #bad = 0
  #stale = 0

  constructor(self: Member, random: Random, options: HyParViewOptions) {
    this.#self = self
    this.#random = random
    this.#options = options
    const effects = this.#effects
    this.#views = new PartialViews(self, random, effects, options)
    this.#hood = new Neighbourhood(this.#views, effects, random, options)
    this.#shuffles = new Shuffles(self, this.#views, effects, random, options)
    this.#listMax = options.ka + options.kp + 1
    const ground = { self, views: this.#views, hood: this.#hood, effects, random }
    this.#xbot = options.xbot && new XBot(ground, options.xbot)
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    this.#handle(event)
    if (!this.#out) {
      this.#hood.watchIsolation()
      if (this.#views.activeChanged) this.#views.persist()
    }
    return this.#effects.take()
  }

  members(): readonly Member[] {
    return this.#views.members()
  }

  neighbours(): readonly string[] {
    return this.#views.active.names()
  }

  nextHop(destination: string): string | undefined {
    return this.#views.active.has(destination) ? destination : undefined
  }

  stored(): unknown {
    return storedState(this.#views)
  }

  snapshot(): Readonly<Record<string, unknown>> {
    const { active, passive, lost, round } = this.#views
    return {
      overlay: NAME,
      self: this.#self.name,
      out: this.#out,
      active: [...active.names()],
      passive: passive.members.map((member) => member.name).sort(),
      lost: [...lost.members].map((member) => member.name),
      asking: this.#hood.requests.names(),
      contacts: [...this.#contacts.names()],
      rounds: round,
      counters: {
        ...this.#hood.counters,
        ...this.#shuffles.counters,
        badMessages: this.#bad,
        stale: this.#stale,
      },
      ...(this.#xbot && { xbot: this.#xbot.snapshot() }),
    }
  }

  #handle(event: OverlayEvent): void {
    switch (event.type) {
      case 'start':
        this.#startShuffle()
        if (event.restored !== undefined) this.#restore(event.restored)
        break
      case 'join':
        if (event.contact.name !== this.#self.name) this.#join(event.contact)
        break
      case 'leave':
        this.#leave(event.name)
        break
      case 'peerUp':
        this.#peerUp(event.peer)
        break
      case 'peerDown':
        this.#hood.peerDown(event.peer, event.incarnation)
        break
      case 'connectFailed':
        this.#hood.connectFailed(event.peer)
        break
      case 'roundTrip':
        this.#xbot?.roundTrip(event.peer, event.incarnation, event.ms)
        break
      case 'message':
        this.#receive(event.from, event.body)
        break
      case 'timer':
        this.#timer(event.name)
        break
      case 'nodeDown': // a lost connection was enough; spares are given up when they are needed
      case 'published': // nothing is
      case 'introduced': // no address is dialled
        break
      default:
        unreachable(event)
    }
  }

  #restore(restored: unknown): void {
    const members = storedMembers(restored)
    if (members === undefined) {
      this.#effects.bad(this.#self.name, 'the stored views are damaged')
      return
    }
    for (const member of members) if (!this.#views.passive.isFull) this.#views.learn(member)
    this.#hood.promote()
  }

  #join(contact: Member): void {
    this.#out = false
    const known = this.#views.active.get(contact.name)
    if (known !== undefined && compareIncarnations(known, contact) >= 0) return
    this.#contacts.asked(contact.name)
    this.#views.lost.add(contact) // to be asked again should it not answer now
    this.#effects.startTimer(JOIN, JOIN_AGAIN_MS)
    this.#effects.connect(contact)
    if (this.#hood.up.has(contact.name)) this.#effects.send(contact.name, wire.join())
  }

  #joinAgain(): void {
    for (const name of this.#contacts.countAttempt()) {
      const wanted = this.#views.active.has(name) || this.#hood.requests.get(name) !== undefined
      if (!wanted) this.#effects.disconnect(name, 'it did not answer the join')
    }
    for (const name of this.#contacts.names()) {
      if (this.#hood.up.has(name)) this.#effects.send(name, wire.join())
    }
    if (this.#contacts.size > 0) this.#effects.startTimer(JOIN, JOIN_AGAIN_MS)
  }

  #leave(name: string): void {
    if (name === this.#self.name) {
      if (!this.#out) this.#goOut()
      return
    }
    const member = this.#views.get(name)
    if (member === undefined) return
    this.#effects.sendOnce(member, wire.leave())
    if (!this.#views.active.has(name)) this.#views.gone(member)
  }

  #goOut(): void {
    this.#hood.leave()
    for (const name of this.#contacts.names()) this.#effects.disconnect(name, 'this node left')
    this.#contacts.clear()
    this.#effects.cancelTimer(JOIN)
    this.#xbot?.leave()
    this.#views.clear()
    this.#out = true
    this.#views.persist()
    this.#effects.emit({ type: 'selfLeft' })
  }

  #peerUp(peer: Member): void {
    this.#recognise(peer)
    this.#hood.peerUp(peer)
    if (this.#contacts.has(peer.name)) this.#effects.send(peer.name, wire.join())
  }

  #timer(name: string): void {
    if (name === SHUFFLE) this.#cycle()
    else if (name === JOIN) this.#joinAgain()
    else if (name === REPAIR) this.#hood.repair()
    else if (name.startsWith(ASK)) this.#hood.timedOut(name.slice(ASK.length))
    else this.#xbot?.timer(name)
  }

  #cycle(): void {
    this.#startShuffle()
    if (this.#out) return
    this.#hood.nextRound()
    this.#shuffles.start()
    this.#xbot?.cycle()
    if (this.#views.passiveChanged && this.#views.round % STORE_ROUNDS === 0) this.#views.persist()
  }

  #receive(from: Member, body: unknown): void {
    const message = messageFromWire(body, this.#listMax)
    if (message === undefined || from.name === this.#self.name) {
      this.#bad++
      this.#effects.bad(from.name, 'not a message of this overlay')
    } else if (this.#out && message.type !== 'join') this.#sendOff(from, message)
    else if (this.#observe(from)) this.#message(from, message)
    else this.#stale++
  }

  /** Who left is nobody's neighbour. */
  #sendOff(from: Member, { type }: HyParViewMessage): void {
    if (type === 'disconnect' || type === 'leave') return
    this.#effects.send(from.name, wire.disconnect(true))
  }

  /**
   * Which incarnation is there is shown by the peer itself, by its connection above all; what others
   * told of it is no proof. False: it is history, or somebody who is not connected.
   */
  #observe(peer: Member): boolean {
    const neighbour = this.#views.active.find(peer)
    if (neighbour === peer) return true
    const connected = this.#hood.up.get(peer.name)
    if (connected !== undefined && !sameIncarnation(connected, peer)) return false
    const proven = connected ?? neighbour
    if (proven !== undefined && compareIncarnations(peer, proven) < 0) return false
    this.#recognise(peer, neighbour)
    return true
  }

  /** This is the incarnation that is there: no other stays in a view. */
  #recognise(peer: Member, neighbour = this.#views.active.get(peer.name)): void {
    const { name } = peer
    const known = neighbour ?? this.#views.passive.get(name)
    if (known === undefined || sameIncarnation(known, peer)) return
    const dropped = this.#views.drop(name, 'replaced')
    if (dropped === undefined) this.#views.correct(peer)
    else {
      this.#views.learn(peer)
      this.#hood.promote()
    }
  }

  #message(from: Member, message: HyParViewMessage): void {
    switch (message.type) {
      case 'join':
        this.#joined(from)
        break
      case 'forwardJoin':
        this.#checkLink(from)
        this.#forwardJoin(from, message.newcomer, Math.min(message.ttl, this.#options.arwl))
        break
      case 'neighbor':
        this.#neighbor(from, message.high)
        break
      case 'reply':
        this.#replied(from, message.accepted)
        break
      case 'disconnect':
        this.#contacts.delete(from.name)
        this.#hood.disconnected(from, message.gone, message.spares)
        break
      case 'shuffle':
        this.#checkLink(from)
        this.#shuffles.shuffle(from, message)
        this.#hood.promote()
        break
      case 'shuffleReply':
        this.#shuffles.reply(message.members)
        this.#hood.promote()
        break
      case 'leave':
        this.#goOut()
        break
      default:
        this.#exchange(from, message)
    }
  }

  /** The contact of a join is in with the newcomer, though it left before. */
  #joined(from: Member): void {
    this.#out = false
    const news = !this.#views.active.has(from.name)
    this.#hood.admit(from)
    this.#effects.send(from.name, wire.reply(true))
    if (!news) return
    const body = wire.forwardJoin(from, this.#options.arwl)
    for (const { name } of this.#views.active.members) {
      if (name !== from.name) this.#effects.send(name, body)
    }
  }

  /**
   * Beyond the paper, nodes on the way that know too few others for their slots ask the newcomer as
   * well: a cluster of few nodes is a full mesh at once.
   */
  #forwardJoin(from: Member, newcomer: Member, ttl: number): void {
    if (newcomer.name === this.#self.name) return
    const { active } = this.#views
    const next =
      ttl === 0 || active.size <= 1
        ? undefined
        : active.pickBut(this.#random, from.name, newcomer.name)
    if (next === undefined) {
      if (!active.has(newcomer.name) && !this.#hood.ask(newcomer, true)) this.#views.learn(newcomer)
      return
    }
    if (ttl === this.#options.prwl) this.#views.learn(newcomer)
    this.#effects.send(next.name, wire.forwardJoin(newcomer, ttl - 1))
    if (this.#views.size < this.#options.activeSize) this.#hood.ask(newcomer, false, true)
  }

  #neighbor(from: Member, high: boolean): void {
    const welcome = this.#hood.isWelcome(from, high)
    if (welcome) this.#hood.admit(from)
    this.#effects.send(from.name, wire.reply(welcome))
  }

  #replied(from: Member, accepted: boolean): void {
    if (accepted && this.#contacts.has(from.name)) {
      this.#contacts.delete(from.name)
      this.#hood.admit(from)
      this.#hood.promote()
    } else this.#hood.answered(from, accepted)
  }

  #exchange(from: Member, message: XBotMessage): void {
    if (this.#xbot !== undefined) this.#xbot.message(from, message)
    else if (message.type === 'optimization') {
      this.#effects.send(from.name, xbotWire.optimizationReply(message.id, false, false))
    } else if (message.type === 'disconnectWait') this.#hood.disconnected(from, false, [])
  }

  /** Only neighbours send what walks. Who thinks that it is one shall know that it is not. */
  #checkLink(from: Member): void {
    const { name } = from
    if (this.#views.active.find(from) !== undefined || this.#contacts.has(name)) return
    if (this.#hood.requests.get(name) !== undefined) return
    this.#effects.send(name, wire.disconnect(false))
  }

  #startShuffle(): void {
    const spread = 0.75 + 0.5 * this.#random.float()
    this.#effects.startTimer(SHUFFLE, Math.round(this.#options.shuffleMs * spread))
  }
}

const SHUFFLE = 'shuffle'
const JOIN = 'join'

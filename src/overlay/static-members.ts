import { TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import { unreachable } from '../base/unreachable.js'
import { addressText, parseAddress } from './address.js'
import { compareIncarnations, isNodeName } from './member.js'
import {
  type Address,
  type Member,
  NO_EFFECTS,
  type Overlay,
  type OverlayCapabilities,
  type OverlayEffect,
  type OverlayEvent,
  type OverlayFactory,
} from './overlay.js'

/** A node that shall be there: where, and by which name if only that one is meant. */
export interface StaticMember extends Address {
  readonly name?: string
}

/**
 * A fixed list of nodes that dial each other; nothing is gossiped. Every node gets the same list, its
 * own address may be in it. An item is `'host:port'`, an address, or an address with the name that
 * must answer there. `join` adds one pair and `leave` of another node removes one pair; both concern
 * the two nodes only.
 *
 * @throws TroupeError ERR_BAD_ADDRESS, ERR_BAD_OPTION
 */
export function staticMembers(list: readonly (string | StaticMember)[]): OverlayFactory {
  if (!Array.isArray(list)) {
    throw new TroupeError('ERR_BAD_OPTION', `staticMembers must be a list, got ${show(list)}`)
  }
  const targets = list.map(readTarget)
  return { name: NAME, create: (self) => new StaticMembers(self, targets) }
}

const NAME = 'static'
const CAPABILITIES: OverlayCapabilities = { membership: 'all', direct: true }
/** Nodes whose list holds this one become members too, up to so many. */
const MEMBERS_MAX = 1_024

/** "You are on my list." */
const HERE = 1
/** "We are no members of each other any more." */
const GONE = 2

interface Target {
  readonly address: Address
  readonly name: string | undefined
}

class StaticMembers implements Overlay {
  readonly name = NAME
  readonly capabilities = CAPABILITIES
  readonly #self: Member
  readonly #targets: readonly Target[]
  /** The first of the list at each address. */
  readonly #byAddress = new Map<string, Target>()
  /** Addresses at which anybody may answer. */
  readonly #open = new Set<string>()
  readonly #members = new Map<string, Member>()
  /** Who answered at an address of the list. */
  readonly #answered = new Map<string, string>()
  readonly #up = new Map<string, Member>()
  /** Nodes this one removed, by name. */
  readonly #removed = new Set<string>()
  #out = false
  #effects: OverlayEffect[] = []
  #sorted: readonly Member[] | undefined

  constructor(self: Member, targets: readonly Target[]) {
    this.#self = self
    this.#targets = targets
    for (const target of targets) {
      const key = keyOf(target)
      if (!this.#byAddress.has(key)) this.#byAddress.set(key, target)
      if (target.name === undefined) this.#open.add(key)
    }
  }

  step(event: OverlayEvent): readonly OverlayEffect[] {
    this.#effects = []
    this.#handle(event)
    return this.#effects.length === 0 ? NO_EFFECTS : this.#effects
  }

  members(): readonly Member[] {
    this.#sorted ??= [this.#self, ...this.#members.values()].sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )
    return this.#sorted
  }

  neighbours(): readonly string[] {
    return [...this.#members.keys()].sort()
  }

  nextHop(destination: string): string | undefined {
    return this.#members.has(destination) ? destination : undefined
  }

  snapshot(): Readonly<Record<string, unknown>> {
    return {
      overlay: NAME,
      self: this.#self.name,
      out: this.#out,
      members: this.members().map((member) => [member.name, member.incarnation]),
      connected: [...this.#up.keys()].sort(),
      unanswered: this.#targets.map(keyOf).filter((key) => !this.#answered.has(key)),
    }
  }

  #handle(event: OverlayEvent): void {
    switch (event.type) {
      case 'start':
        for (const target of this.#targets) this.#dial(target)
        break
      case 'introduced':
        this.#introduced(addressText(event.address), event.peer)
        break
      case 'join':
        if (this.#out) this.#comeBack()
        this.#removed.delete(event.contact.name)
        this.#admit(event.contact)
        break
      case 'leave':
        this.#leave(event.name)
        break
      case 'peerUp':
        this.#peerUp(event.peer)
        break
      case 'peerDown':
        if (this.#up.get(event.peer)?.incarnation === event.incarnation) this.#up.delete(event.peer)
        break
      case 'nodeDown': // it may come back at its place in the list, under another address of its own
        for (const target of this.#targets) {
          if (this.#answered.get(keyOf(target)) === event.peer) this.#dial(target)
        }
        break
      case 'message':
        this.#message(event.from, event.body)
        break
      case 'connectFailed': // the driver goes on dialling
      case 'roundTrip': // nothing was measured
      case 'published': // by nobody here
      case 'timer': // none was started
        break
      default:
        unreachable(event)
    }
  }

  /** Who leaves dials no address any more; those that nobody has answered at are tried again. */
  #comeBack(): void {
    this.#out = false
    for (const target of this.#targets) {
      if (!this.#answered.has(keyOf(target))) this.#dial(target)
    }
  }

  #introduced(key: string, peer: Member): void {
    const target = this.#byAddress.get(key)
    if (target === undefined || this.#out) return
    if (target.name !== undefined && target.name !== peer.name) {
      this.#bad(peer.name, `at ${key} the list expects ${target.name}`)
      this.#emit({ type: 'disconnect', peer: peer.name, reason: 'another name is expected' })
      return
    }
    this.#answered.set(key, peer.name)
    this.#admit(peer)
  }

  #peerUp(peer: Member): void {
    this.#up.set(peer.name, peer)
    // Where the two are apart, a `join` of ours may follow. If the other thinks we are together, it says HERE.
    if (this.#out || this.#removed.has(peer.name)) return
    if (
      this.#members.has(peer.name) ||
      peer.addresses.some((at) => this.#open.has(addressText(at)))
    ) {
      this.#admit(peer)
    }
  }

  #message(from: Member, body: unknown): void {
    const kind: unknown = Array.isArray(body) && body.length === 1 ? body[0] : undefined
    if (kind === HERE) {
      if (this.#out || this.#removed.has(from.name)) this.#sendOff(from.name)
      else this.#admit(from, true)
    } else if (kind === GONE) this.#drop(from.name)
    else this.#bad(from.name, 'not a message of this overlay')
  }

  /** Makes a node a member; a newer incarnation takes the place of the older. */
  #admit(peer: Member, told = false): void {
    if (peer.name === this.#self.name || this.#removed.has(peer.name)) return
    const before = this.#members.get(peer.name)
    if (before === undefined && this.#members.size >= MEMBERS_MAX) {
      this.#bad(peer.name, `the list holds ${MEMBERS_MAX} members`)
      return
    }
    const age = before === undefined ? 1 : compareIncarnations(peer, before)
    if (age < 0) return
    if (age > 0) {
      if (before !== undefined) {
        this.#emit({ type: 'memberLeft', member: before, reason: 'replaced' })
      }
      this.#members.set(peer.name, peer)
      this.#sorted = undefined
      this.#emit({ type: 'memberJoined', member: peer })
      this.#emit({ type: 'connect', peer })
    }
    if (!told && this.#up.has(peer.name)) {
      this.#emit({ type: 'send', to: peer.name, body: [HERE] })
    }
  }

  #leave(name: string): void {
    if (name !== this.#self.name) {
      if (!this.#members.has(name)) return
      this.#removed.add(name)
      this.#emit({ type: 'send', to: name, body: [GONE] })
      this.#drop(name)
      return
    }
    if (this.#out) return
    this.#out = true
    for (const peer of this.#up.keys()) this.#emit({ type: 'send', to: peer, body: [GONE] })
    for (const peer of this.neighbours()) this.#drop(peer)
    this.#emit({ type: 'selfLeft' })
  }

  #drop(name: string): void {
    const member = this.#members.get(name)
    if (member === undefined) return
    this.#members.delete(name)
    this.#sorted = undefined
    this.#emit({ type: 'memberLeft', member, reason: 'left' })
    this.#emit({ type: 'disconnect', peer: name, reason: 'it is no member any more' })
  }

  /** To a peer that does not know yet that it is no member here. */
  #sendOff(name: string): void {
    this.#emit({ type: 'send', to: name, body: [GONE] })
    this.#emit({ type: 'disconnect', peer: name, reason: 'it is no member any more' })
  }

  #dial(target: Target): void {
    const answered = this.#answered.get(keyOf(target))
    if (this.#out || (answered !== undefined && this.#removed.has(answered))) return
    if (this.#self.addresses.some((own) => addressText(own) === keyOf(target))) return
    this.#emit({ type: 'connectAddress', address: target.address })
  }

  #bad(from: string, detail: string): void {
    this.#emit({ type: 'badMessage', from, detail })
  }

  #emit(effect: OverlayEffect): void {
    this.#effects.push(effect)
  }
}

const keyOf = (target: Target): string => addressText(target.address)

function readTarget(item: string | StaticMember): Target {
  if (typeof item === 'string') return { address: parseAddress(item), name: undefined }
  const { name } = item ?? {}
  if (name !== undefined && !isNodeName(name)) {
    throw new TroupeError('ERR_BAD_OPTION', `staticMembers: ${show(name)} is not a node name`)
  }
  return { address: parseAddress(item), name }
}

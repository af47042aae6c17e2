import { TroupeError } from '../base/errors.js'
import type { Member } from '../overlay/overlay.js'
import { isOlder } from './arbitration.js'
import type { Greeting } from './greeting.js'
import { Peer, type PeerHost } from './peer.js'
import type { PeerContext } from './peer-context.js'
import type { SessionDial } from './session-dial.js'

/** The peers by name, who may be one, and which proofs are under way. */
export class Roster {
  readonly #context: PeerContext
  readonly #host: PeerHost
  readonly #peers = new Map<string, Peer>()
  /** Attempts to open a session that wait for the answer to their proof, by the incarnation asked. */
  readonly proving = new Map<string, SessionDial>()

  constructor(context: PeerContext, host: PeerHost) {
    this.#context = context
    this.#host = host
  }

  get(name: string): Peer | undefined {
    return this.#peers.get(name)
  }

  all(): Peer[] {
    return [...this.#peers.values()]
  }

  /** The peer that is this very incarnation. */
  incarnation(incarnation: string): Peer | undefined {
    for (const peer of this.#peers.values()) {
      if (peer.incarnation === incarnation) return peer
    }
    return undefined
  }

  remove(peer: Peer): void {
    if (this.#peers.get(peer.name) === peer) this.#peers.delete(peer.name)
  }

  /** The peer for this member, made or moved on to this incarnation as needed. */
  adopt(member: Member): Peer {
    let peer = this.#peers.get(member.name)
    if (peer !== undefined && peer.incarnation !== member.incarnation) peer.replace(member)
    peer = this.#peers.get(member.name)
    if (peer === undefined) {
      peer = new Peer(this.#context, this.#host, member)
      this.#peers.set(member.name, peer)
    }
    return peer
  }

  /** Why this node cannot be a peer at all; names that others hold are another matter. */
  unfit(greeting: Greeting): TroupeError | undefined {
    const { self, overlay, table, options } = this.#context
    const { name, incarnation } = greeting.member
    if (incarnation === self.incarnation) {
      return new TroupeError('ERR_JOIN_SELF', `${name} has reached itself`)
    }
    if (name === self.name) {
      return new TroupeError('ERR_NAME_TAKEN', `the name ${name} is held by ${self.incarnation}`)
    }
    if (greeting.overlay !== overlay) {
      const detail = `${self.name} runs overlay ${overlay}, ${name} runs ${greeting.overlay}`
      return new TroupeError('ERR_OVERLAY_MISMATCH', detail)
    }
    let lanes = 0
    for (const count of table.lanesWith(greeting.channels).values()) lanes += count
    if (lanes <= options.maxConnectionsPerPeer) return undefined
    const most = `maxConnectionsPerPeer is ${options.maxConnectionsPerPeer}`
    return new TroupeError(
      'ERR_TOO_MANY_CONNECTIONS',
      `${self.name} and ${name} together want ${lanes} lanes, ${most}`,
    )
  }

  /** The other incarnation that holds the newcomer's name here. */
  holder(newcomer: Member): Peer | undefined {
    const holder = this.#peers.get(newcomer.name)
    return holder?.incarnation === newcomer.incarnation ? undefined : holder
  }

  /** Resolves with the refusal of a newcomer whose name another incarnation holds, or undefined when it may have it. */
  async contest(newcomer: Member, holder: Peer): Promise<TroupeError | undefined> {
    const { name, incarnation } = newcomer
    const refusal = new TroupeError(
      'ERR_NAME_TAKEN',
      `the name ${name} is held by ${holder.incarnation}, not ${incarnation}`,
    )
    if (isOlder(newcomer, holder.member)) return refusal
    const kept = await this.#context.sink.nameContested(newcomer, holder.member)
    return kept ? refusal : undefined
  }
}

import type { Member } from '../cluster/carrier.js'
import type { RemotePeer, RemotePeers } from './remote-peer.js'
import type { SignalStreams } from './signal-streams.js'

/**
 * An abort is sent once and may be lost with its connection, or never be sent. Whoever gave up a call asks, when a
 * connection broke and at the next contact, which calls the other side still holds open, and names those that
 * are over. Without it a method would wait for its asker for ever.
 */
export class CallAudit {
  readonly #streams: SignalStreams
  readonly #peers: RemotePeers
  readonly #abort: (peer: RemotePeer, callId: number) => void
  /** Calls that were given up, by incarnation, since the last audit of it. */
  readonly #doubts = new Map<string, number>()

  constructor(
    streams: SignalStreams,
    peers: RemotePeers,
    abort: (peer: RemotePeer, callId: number) => void,
  ) {
    this.#streams = streams
    this.#peers = peers
    this.#abort = abort
    streams.handle('auditCalls', (peer, [doubts]) => this.#audited(peer, doubts))
    streams.handle('openCalls', (peer, [doubts, ids]) => this.#opened(peer, doubts, ids))
    streams.handle('callsOver', (peer, [ids]) => {
      for (const id of idsOf(ids)) this.#abort(peer, id)
    })
  }

  /** So many calls to that incarnation will not be waited for any more. */
  gaveUp(incarnation: string, calls: number): void {
    if (calls === 0) return
    const doubts = (this.#doubts.get(incarnation) ?? 0) + calls
    this.#doubts.delete(incarnation)
    this.#doubts.set(incarnation, doubts)
    if (this.#doubts.size <= DOUBTS_MAX) return
    for (const oldest of this.#doubts.keys()) {
      this.#doubts.delete(oldest)
      return
    }
  }

  /** A connection broke, or there is contact again. */
  check({ name, incarnation }: Pick<Member, 'name' | 'incarnation'>): void {
    const doubts = this.#doubts.get(incarnation)
    const peer = this.#peers.present(name)
    if (doubts === undefined || peer?.incarnation !== incarnation) return
    this.#streams.send(peer, 0, 'auditCalls', [doubts])
  }

  #audited(peer: RemotePeer, doubts: unknown): void {
    if (!Number.isSafeInteger(doubts)) return
    const ids = [...peer.inbound.keys()]
    for (let at = 0; at === 0 || at < ids.length; at += IDS_MAX) {
      this.#streams.send(peer, 0, 'openCalls', [doubts, ids.slice(at, at + IDS_MAX)])
    }
  }

  #opened(peer: RemotePeer, doubts: unknown, ids: unknown): void {
    if (this.#doubts.get(peer.incarnation) === doubts) this.#doubts.delete(peer.incarnation)
    const over = idsOf(ids).filter((id) => !peer.calls.has(id))
    if (over.length > 0) this.#streams.send(peer, 0, 'callsOver', [over])
  }
}

/** Incarnations in doubt; older ones are forgotten. */
const DOUBTS_MAX = 10_000
/** Calls named by one signal. */
const IDS_MAX = 1_000

const idsOf = (ids: unknown): number[] =>
  Array.isArray(ids) ? ids.slice(0, IDS_MAX).filter((id) => Number.isSafeInteger(id)) : []

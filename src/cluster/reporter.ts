import { EventEmitter } from 'eventemitter3'
import type { TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import type { LeaveReason, Member } from '../overlay/overlay.js'
import type { ClusterEvents } from './cluster-events.js'

/** Tells what happened: to listeners, and to the log what a person should know. */
export class Reporter {
  readonly events = new EventEmitter<ClusterEvents>()
  readonly #emitter: EventEmitter<string>
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
    this.#emitter = this.events as unknown as EventEmitter<string>
  }

  /** A listener that throws is logged; what happened goes on. */
  tell<K extends keyof ClusterEvents>(event: K, payload: ClusterEvents[K][0]): void {
    try {
      this.#emitter.emit(event, payload)
    } catch (err) {
      this.#logger.error({ err, event }, 'a listener of a cluster event threw')
    }
  }

  memberJoined(member: Member): void {
    this.#logger.info(nameOf(member), 'member joined')
    this.tell('memberJoined', { member })
  }

  memberLeft(member: Member, reason: LeaveReason): void {
    this.#logger.info({ ...nameOf(member), reason }, 'member left')
    this.tell('memberLeft', { member, reason })
  }

  nodeUp(node: Member): void {
    this.#logger.info(nameOf(node), 'node up')
    this.tell('nodeUp', { node })
  }

  /** `orderly`: it said goodbye or left, which is nothing to worry about. */
  nodeDown(node: Member, reason: TroupeError, orderly: boolean): void {
    const fields = { ...nameOf(node), ...whyOf(reason) }
    if (orderly) this.#logger.info(fields, 'node down')
    else this.#logger.warn(fields, 'node down')
    this.tell('nodeDown', { node, reason })
  }

  peerUp(peer: Member): void {
    this.#logger.debug(nameOf(peer), 'peer up')
    this.tell('peerUp', { peer })
  }

  peerDown(peer: Member, reason: TroupeError): void {
    this.#logger.info({ ...nameOf(peer), ...whyOf(reason) }, 'peer down')
    this.tell('peerDown', { peer, reason })
  }

  connectFailed(peer: Member, error: TroupeError): void {
    this.#logger.debug({ ...nameOf(peer), ...whyOf(error) }, 'a connection could not be made')
  }

  connectionLost(peer: Member, channel: string, count: number): void {
    this.#logger.warn(
      { ...nameOf(peer), channel, count },
      'a connection broke with messages that may have arrived or not',
    )
    this.tell('connectionLost', { peer, channel, count })
  }

  lagged(lateMs: number): void {
    const fields = { lateMs: Math.round(lateMs) }
    this.#logger.warn(fields, 'this process was busy or stopped: its timers ran late')
    this.tell('lagged', { lateMs })
  }

  refused(remote: string, error: TroupeError): void {
    this.#logger.warn({ remote, ...whyOf(error) }, 'refused')
    this.tell('refused', { remote, error })
  }

  badMessage(from: string, detail: string): void {
    this.#logger.warn({ from, detail }, 'bad message from a peer')
    this.tell('badMessage', { from, detail })
  }

  left(wanted: boolean): void {
    if (wanted) this.#logger.info({}, 'this node left the cluster')
    else this.#logger.warn({}, 'this node is no member any more: it was removed or replaced')
    this.tell('left', { wanted })
  }
}

const nameOf = (member: Member): { node: string; incarnation: string } => ({
  node: member.name,
  incarnation: member.incarnation,
})

const whyOf = (error: TroupeError): { code: string; reason: string } => ({
  code: error.code,
  reason: error.message,
})

import type { AnyActorClass } from '../actor/class-registry.js'
import { check, durationMs, type Fields, integer, isBoolean, readOptions } from '../base/options.js'

export interface RemoteOptions {
  /** Classes that other nodes may start here, by spawn or as placed children. Default: none. */
  readonly remoteSpawn: readonly AnyActorClass[]
  /** Errors of this node's actors travel with their stacks, which show paths of this machine. Default: false. */
  readonly errorStacks: boolean
  /** Unanswered asks to one node; more are refused with ERR_LANE_FULL. Default: 262,144. */
  readonly callsMax: number
  /** Asks that may wait for room, on channels with the policy `wait`; more are refused with ERR_LANE_FULL. Default: 10,000. */
  readonly waitingMax: number
  /** Unanswered asks of one node that can still be aborted; the oldest beyond cannot. Default: 262,144. */
  readonly inboundMax: number
  /** Pause before a signal (watch, link, end of an actor) is sent again, in ms. Default: 1,000. */
  readonly signalRetryMs: number
  /** A node that acknowledges no signal for this long counts as down for watches and links, in ms. Default: 10,000. */
  readonly signalGiveUpMs: number
  /**
   * Children placed here by a node that is out of reach run on for this long, in ms; then they end, and
   * should that node come back, its supervisor hears of it. Default: 60,000.
   */
  readonly orphanAfterMs: number
  /** Pause before a change of groups is sent again, in ms. Default: 1,000. */
  readonly groupRetryMs: number
  /**
   * Over overlays that do not connect all nodes, a node with actors in groups says so this often, in ms.
   * One that is not heard of for four times as long leaves the view. Default: 10,000.
   */
  readonly groupRefreshMs: number
  /** Group memberships of one node's actors; more are refused or left out. Default: 100,000. */
  readonly membershipsMax: number
}

const FIELDS: Fields<RemoteOptions> = {
  remoteSpawn: {
    fallback: [],
    check: check(
      'a list of actor classes',
      (value) => Array.isArray(value) && value.every((item) => typeof item === 'function'),
    ),
  },
  errorStacks: { fallback: false, check: isBoolean },
  callsMax: { fallback: 262_144, check: integer(1) },
  waitingMax: { fallback: 10_000, check: integer(1) },
  inboundMax: { fallback: 262_144, check: integer(1) },
  signalRetryMs: { fallback: 1_000, check: durationMs(1) },
  signalGiveUpMs: { fallback: 10_000, check: durationMs(1) },
  orphanAfterMs: { fallback: 60_000, check: durationMs(1) },
  groupRetryMs: { fallback: 1_000, check: durationMs(1) },
  groupRefreshMs: { fallback: 10_000, check: durationMs(1) },
  membershipsMax: { fallback: 100_000, check: integer(1) },
}

/** @throws TroupeError ERR_BAD_OPTION */
export const readRemoteOptions = (given: Partial<RemoteOptions> | undefined): RemoteOptions =>
  readOptions('remote', FIELDS, given)

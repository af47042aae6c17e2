import type { BroadcastLayer } from './broadcast-layer.js'
import type { OverlayTown } from './overlay-town.js'
import type { Senders } from './senders.js'

export interface AftermathOptions {
  /** Of the nodes that are killed. */
  readonly share: number
  /** Broadcasts, one in each cycle. */
  readonly after: number
  readonly senders: Senders
  /** Share of the survivors that a broadcast has to reach for the overlay to count as healed. */
  readonly level: number
}

/** What the broadcasts after a failure came to. Keys are those of `npm run sim -- overlay --json`. */
export interface Aftermath {
  /** Share of the survivors that the first one reached, sent right after the failure. */
  readonly reliability: number
  readonly survivorsInLargestAtOnce: number
  /** When the first cycle after the failure is over. */
  readonly survivorsInLargest: number
  /** Cycles before the first broadcast that reached as many as those before the failure; null: none did. */
  readonly healCycles: number | null
  /** Of each broadcast, in order. */
  readonly afterFailure: {
    readonly rmr: number[]
    readonly lastHop: number[]
    readonly payloads: number[]
    readonly control: number[]
    readonly delivered: number[]
  }
}

/**
 * Kills a share of the nodes at one instant and goes on to broadcast by the protocol whose trees stand: the
 * first at once, one more in each cycle. What a cycle's repairs bring late counts: a broadcast has the cycle.
 */
export function aftermath(
  town: OverlayTown,
  layer: BroadcastLayer,
  { share, after, senders, level }: AftermathOptions,
  progress: (what: string, done: number, of: number) => void,
): Aftermath {
  const alive = town.fail(share).length
  const largest = (): number => (town.graph().components()[0] ?? 0) / Math.max(1, alive)
  const afterFailure: Aftermath['afterFailure'] = {
    rmr: [],
    lastHop: [],
    payloads: [],
    control: [],
    delivered: [],
  }
  const survivorsInLargestAtOnce = largest()
  let survivorsInLargest = survivorsInLargestAtOnce
  for (let i = 0; i < after && alive > 0; i++) {
    const { reached, payloads, control, lastHop } = layer.broadcast(senders.next(), town.cycleMs)
    afterFailure.rmr.push(payloads / Math.max(1, reached - 1) - 1)
    afterFailure.lastHop.push(lastHop)
    afterFailure.payloads.push(payloads)
    afterFailure.control.push(control)
    afterFailure.delivered.push(reached / alive)
    if (i === 0) survivorsInLargest = largest()
    progress('broadcasts after the failure', i + 1, after)
  }
  const healed = afterFailure.delivered.findIndex((share) => share >= level)
  return {
    reliability: afterFailure.delivered[0] ?? 0,
    survivorsInLargestAtOnce,
    survivorsInLargest,
    healCycles: healed < 0 ? null : healed,
    afterFailure,
  }
}

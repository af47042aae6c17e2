import type { FaultText } from './fault-player.js'
import type { Sources } from './fingerprint.js'
import type { Plain } from './op.js'
import type { ScriptText } from './script-text.js'

/** The version of the format; a reader refuses others. Unknown fields are ignored. */
export const TRACE_VERSION = 1

export type TraceKind =
  | 'start'
  | 'send'
  | 'drop'
  | 'duplicate'
  /** A message leaves with a wrong bit, or with the contents of another. */
  | 'corrupt'
  | 'replace'
  | 'deliver'
  | 'crash'
  | 'fault'
  | 'end-fault'
  | 'choice'
  | 'op.call'
  | 'op.ret'
  | 'sometimes'
  | 'note'
  | 'log'

/** One thing that happened. What a kind has no use for is left out. */
export interface TraceLine {
  /** 0 for the first. */
  readonly i: number
  /** Virtual time in microseconds; wall time since the start in a trace of a real cluster. */
  readonly t: number
  readonly k: TraceKind
  /** The node it happened on. */
  readonly n?: string | undefined
  /** A message, such as `n1>n3:commit#1`, a client's operation, or what else it is about. */
  readonly id?: string | undefined
  /** The line that brought it about: of a delivery its sending. */
  readonly c?: number | undefined
  /** The channel of a message. */
  readonly ch?: string | undefined
  /** Of a delivery the actor it is for: its class and its name or number there, such as `chat/room:lobby`. */
  readonly a?: string | undefined
  /** What else there is to say. */
  readonly d?: Plain
  /** In a trace of real nodes the vector clock: lines of each node that this one follows from, itself included. */
  readonly v?: Readonly<Record<string, number>>
  /** The simulation's hash when it happened: all events so far. */
  readonly h: string
}

/** What a trace begins with. */
export interface TraceHeader {
  readonly v: number
  readonly kind: 'trace'
  /** The scenario. */
  readonly name: string
  readonly seed: string
  /** Version of troupe. */
  readonly runtime: string
  /** A fingerprint of all `sources`. */
  readonly code: string
  /** Parts of the scenario, and the actor classes that ran, by a digest each; absent in a trace of real nodes. */
  readonly sources?: Sources
  readonly nodes: readonly string[]
  /** `simulation`, or `real` for one that was recorded from real nodes, which cannot be replayed. */
  readonly world: 'simulation' | 'real'
  /** What replays the run besides the seed. */
  readonly tape: Readonly<Record<string, number>>
  readonly faults: readonly FaultText[]
  /** What was done in place of the scenario's workload. */
  readonly script?: ScriptText
}

/** What a trace ends with. */
export interface TraceEnd {
  readonly k: 'end'
  readonly verdict: string
  readonly check?: string | undefined
  /** What the check said, or what threw. */
  readonly error?: string | undefined
  /** The index of the client's operation that shows it, where the check names one: `c.1#4` has index 4. */
  readonly op?: number | undefined
  readonly lines: number
  readonly events: number
  readonly hash: string
}

export interface Trace {
  readonly header: TraceHeader
  readonly lines: readonly TraceLine[]
  readonly end: TraceEnd
}

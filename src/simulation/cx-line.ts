import type { Fault } from '../fault/fault.js'
import type { FaultText } from './fault-player.js'
import type { Plain } from './op.js'
import type { Script } from './script.js'

/** How a line of a counterexample ended, or is to end. */
export type CxResult =
  /** `OK`: done, with nothing to show. */
  | { readonly type: 'ok' }
  /** A value: done, and that is what it gave. */
  | { readonly type: 'value'; readonly value: Plain }
  /** `TIMEOUT`: no answer in time. */
  | { readonly type: 'timeout' }
  /** `MAYBE, CODE`: nobody knows whether it was done. */
  | { readonly type: 'maybe'; readonly code: string }
  /** `FAIL, CODE`: refused. `FAIL` alone: whatever the code. */
  | { readonly type: 'fail'; readonly code: string | undefined }
  /** `FAIL, {1, -1}`: a model expected the first and saw the second. */
  | { readonly type: 'mismatch'; readonly expected: Plain; readonly seen: Plain }
  /** `OPEN`: still under way at the end. */
  | { readonly type: 'open' }

export type CxLine =
  /** Only these nodes of the scenario are there. */
  | { readonly type: 'nodes'; readonly names: readonly string[] }
  | {
      readonly type: 'op'
      readonly node: string
      readonly name: string
      readonly args: readonly Plain[]
      readonly result: CxResult
    }
  | {
      readonly type: 'join'
      readonly node: string
      readonly contact: string
      readonly result: CxResult
    }
  | { readonly type: 'leave'; readonly node: string; readonly result: CxResult }
  /** `fault …`, or `end …` for the end of one that lasts. */
  | { readonly type: 'fault'; readonly fault: Fault; readonly ends: boolean }
  | { readonly type: 'wait'; readonly ms: number }

/** What the lines that begin with `#!` say. */
export interface CxMeta {
  readonly scenario: string
  readonly seed: string
  readonly check?: string | undefined
  readonly signature?: string | undefined
  readonly code: string
  readonly hash: string
  readonly events: number
  /** `fail`: the failure is known and not mended. Default `pass`. */
  readonly expect?: 'fail' | 'pass' | undefined
  readonly tape: Readonly<Record<string, number>>
  readonly faults: readonly FaultText[]
  /** Of a model test (`troupe/models`): what it did, for `replayModel`. */
  readonly commands?: unknown
  /** What is done in place of the scenario's workload. */
  readonly script?: Script | undefined
}

export interface Counterexample {
  readonly lines: readonly { readonly at: number; readonly line: CxLine }[]
  /** Absent in a file that a person wrote. */
  readonly meta: CxMeta | undefined
}

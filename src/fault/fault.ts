/** Every node, where a fault names a node on the other side of a link. */
export const ANY = '*'

/** One message, or all with that name when `ordinal` is absent: `n1>n3:commit#1`. */
export interface MessageLabel {
  readonly from: string
  readonly to: string
  /**
   * A method, the handler of a `forward`, or what else it is: `reply`, `failure`, `abort`, `signal`,
   * `control`, `stamp`, `overlay`, `broadcast`, `delivery`.
   */
  readonly name: string
  /** 1 for the first of that name from that node to that one, see `MessageNumbers`. */
  readonly ordinal?: number
}

/** Messages from one node to another; either may be `*`. */
export interface Link {
  readonly from: string
  readonly to: string
}

/** The ways to be `byzantine` that troupe has itself: a fault of a user's cannot be called so. */
export const BYZANTINE = ['bitflip', 'corrupt', 'stale'] as const

/** A plain value that a user's own fault gets. */
export type FaultArgument = string | number | boolean

/**
 * What can go wrong, as plain data. `verb` is the word that the text of a fault begins with (see
 * `parseFault`). Times are milliseconds with at most three decimals; `percent` is the share of
 * messages that are hit, above 0 and at most 100, drawn for each message from the seed and the
 * message's own label.
 */
export type Fault =
  /** No bytes pass between the groups; with `oneway` none from the first group to the second. */
  | {
      readonly verb: 'partition'
      readonly groups: readonly (readonly string[])[]
      readonly oneway: boolean
    }
  /** Ends all partitions. */
  | { readonly verb: 'heal' }
  /**
   * The program of a node ends as by SIGKILL, at once or when a message has been delivered. With
   * `loseUnsynced` its machine loses power: peers hear nothing, and what was not synced is lost.
   */
  | {
      readonly verb: 'crash'
      readonly node: string
      readonly after?: MessageLabel
      readonly loseUnsynced: boolean
    }
  /** Its program starts anew, after a crash if it runs. */
  | { readonly verb: 'restart'; readonly node: string; readonly loseUnsynced: boolean }
  /** Stalled, not dead: as SIGSTOP. */
  | { readonly verb: 'pause'; readonly node: string }
  | { readonly verb: 'resume'; readonly node: string }
  /** Everything that `node` sends to `peer` leaves later, in its order. */
  | {
      readonly verb: 'egress_delay'
      readonly node: string
      readonly peer: string
      readonly ms: number
    }
  /** Everything that `node` gets from `peer` is taken in later, in its order. */
  | {
      readonly verb: 'ingress_delay'
      readonly node: string
      readonly peer: string
      readonly ms: number
    }
  /** A message is lost. */
  | { readonly verb: 'omit'; readonly message: MessageLabel }
  /** Messages of `node` to `peer` are lost. Heartbeats and handshakes pass: the nodes stay connected. */
  | {
      readonly verb: 'omit_send'
      readonly node: string
      readonly peer: string
      readonly percent: number
    }
  /** Messages to `node` from `peer` are lost. */
  | {
      readonly verb: 'omit_receive'
      readonly node: string
      readonly peer: string
      readonly percent: number
    }
  /** Messages of and to `node` are lost. */
  | { readonly verb: 'omit_all'; readonly node: string; readonly percent: number }
  /** A message, or those on a link, arrive twice: a share of them. */
  | {
      readonly verb: 'duplicate'
      readonly what: MessageLabel | Link
      readonly percent: number
    }
  /** Messages on a link are late by up to `windowMs`, each by itself: they overtake each other. */
  | {
      readonly verb: 'reorder'
      readonly from: string
      readonly to: string
      readonly windowMs: number
    }
  /**
   * What the node sends, or reads from its store, is wrong in one bit: with `bitflip` of the last eight
   * bytes, where a message has its arguments; with `corrupt` anywhere in it. With `stale` what it sends
   * has the contents of the time before, see `StaleRule`; of the store there is no such form.
   */
  | {
      readonly verb: 'byzantine'
      readonly node: string
      readonly how: 'bitflip' | 'corrupt' | 'stale'
      readonly where: 'wire' | 'store'
      readonly percent: number
    }
  /** The connections between two nodes break. */
  | { readonly verb: 'connection'; readonly a: string; readonly b: string; readonly how: 'reset' }
  /** The node's wall clock is off by ms, runs fast by ppm, or jumps by ms. */
  | {
      readonly verb: 'clock'
      readonly node: string
      readonly how: 'offset' | 'drift' | 'jump'
      readonly amount: number
    }
  | {
      readonly verb: 'store'
      readonly node: string
      readonly how: 'slow' | 'fail' | 'torn' | 'full'
    }
  /** Ends all faults: ways open, rules gone, paused programs go on, crashed ones start anew. */
  | { readonly verb: 'resolve_all' }
  /** A fault that the user has registered by this name. */
  | { readonly verb: 'user'; readonly name: string; readonly args: readonly FaultArgument[] }

export type Verb = Fault['verb']

export type FaultOf<V extends Verb> = Extract<Fault, { readonly verb: V }>

/** The faults that are rules about frames; the rest is done to nodes. */
export type RuleFault =
  | FaultOf<
      | 'partition'
      | 'crash'
      | 'egress_delay'
      | 'ingress_delay'
      | 'omit'
      | 'omit_send'
      | 'omit_receive'
    >
  | FaultOf<'omit_all' | 'duplicate' | 'reorder' | 'byzantine'>

export const isLabel = (what: MessageLabel | Link): what is MessageLabel => 'name' in what

/** `n1>n3:commit#1` */
export function labelText({ from, to, name, ordinal }: MessageLabel): string {
  return `${from}>${to}:${name}${ordinal === undefined ? '' : `#${ordinal}`}`
}

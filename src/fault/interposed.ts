import type { PassingMessage, Point } from '../peer/passage.js'

/** What a function wants done with a message. Nothing (undefined): it passes. */
export type Action =
  | { readonly type: 'pass' }
  | { readonly type: 'drop' }
  /** Later, in its order: what is behind it on its lane, or in its mailbox, waits with it. */
  | { readonly type: 'delay'; readonly ms: number }
  /** So many copies more, from 1 (the default) to 100. Of an ask at `deliver` the first copy answers. */
  | { readonly type: 'duplicate'; readonly times?: number }
  | { readonly type: 'replace'; readonly args: readonly unknown[] }

/** What the functions before have left of a message. */
export interface Outcome {
  /** With the arguments it has now. */
  readonly message: PassingMessage
  /** 0: it was dropped. */
  readonly copies: number
  readonly delayMs: number
}

/** Functions to stand at a point; at least one of the three. */
export interface Interposed {
  /** Unique at its point. */
  readonly name: string
  readonly at: Point
  /** The name of the one in front of which this is put; without it this comes last. */
  readonly before?: string
  /** Sees the message before anybody changes it. */
  readonly pre?: (message: PassingMessage) => unknown
  /** Decides, now or later. It is not asked about a message that another has dropped. */
  readonly main?: (message: PassingMessage) => Action | undefined | PromiseLike<Action | undefined>
  /** Sees what came and what has become of it; may drop it, and nothing else. */
  readonly post?: (before: PassingMessage, after: Outcome) => { readonly type: 'drop' } | undefined
}

/** How often something came of a function. */
export interface InterposedStats {
  readonly seen: number
  readonly dropped: number
  readonly delayed: number
  readonly duplicated: number
  readonly replaced: number
  /** It took longer than the limit. */
  readonly cutOff: number
  /** It threw, rejected, or answered with what is no action; the message passed. */
  readonly failed: number
}

/** A function at its place. */
export interface InterposedHandle {
  readonly name: string
  readonly at: Point
  readonly stats: InterposedStats
  /** Takes it away; harmless when it is gone. Messages it has been asked about go on as it says. */
  remove(): void
}

/** A function that did not do what it should; the message went on. */
export interface InterposedFailure {
  readonly name: string
  readonly at: Point
  readonly reason: 'cutOff' | 'failed'
  /** The method of the message, and the other node. */
  readonly method: string
  readonly peer: string
  readonly error?: unknown
}

export class Counters implements InterposedStats {
  seen = 0
  dropped = 0
  delayed = 0
  duplicated = 0
  replaced = 0
  cutOff = 0
  failed = 0
}

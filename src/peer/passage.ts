import type { Logger } from '../base/logger.js'
import type { Clock } from '../world/clock.js'

/**
 * Where functions may stand on a message's way: before its arguments are encoded and its way is chosen,
 * when it has arrived at the node it is for, and between an actor's mailbox and its handler.
 */
export type Point = 'send' | 'receive' | 'deliver'

/** What a message is about; see wire/envelope. */
export type MessageKind =
  | 'tell'
  | 'ask'
  | 'reply'
  | 'failure'
  | 'abort'
  | 'signal'
  | 'control'
  | 'forward'
  | 'stamp'

/** One message at a point. */
export interface PassingMessage {
  readonly at: Point
  /** This node. */
  readonly node: string
  /**
   * The other node: where it is sent; at `receive` the node that sent it, as its connection has proven,
   * or for a relayed message as its relays tell. At `deliver` the asker's node, '' when that is not known.
   */
  readonly peer: string
  /** '' at `deliver`. */
  readonly channel: string
  /** Undefined at `deliver`, and where no lane leads straight to that node. */
  readonly lane: number | undefined
  readonly kind: MessageKind
  /** The receiving actor as text, '' for messages that are for no actor. */
  readonly actor: string
  /** The method, the handler of a `forward`, else the kind. */
  readonly method: string
  /** Decoded when first read. At `receive` reading throws ERR_DECODE when they cannot be. */
  readonly args: readonly unknown[]
  /** Numbers the ask within its asker's incarnation; undefined when there is none. */
  readonly callId: number | undefined
  /** Encoded arguments; 0 where they are not encoded. */
  readonly bytes: number
}

/** As the node hands it over. */
export interface Passing extends PassingMessage {
  /**
   * The same message with other arguments. @throws TroupeError ERR_BAD_ARGUMENTS for what is no array,
   * ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE
   */
  changed(args: readonly unknown[]): Passing
}

/** What becomes of a message; undefined: it passes as it is. */
export interface Fate {
  /** 0: it is dropped. */
  readonly copies: number
  /** As `changed` has taken them; undefined: its own. */
  readonly args: readonly unknown[] | undefined
}

/** Decides now, or later; a promise must not reject. Messages behind one that waits on its lane wait too. */
export type Decide = (message: Passing) => Fate | undefined | Promise<Fate | undefined>

/** How functions get at the messages of a node. */
export interface PassageAccess {
  readonly node: string
  readonly clock: Clock
  readonly log: Logger
  /** Puts the one function at a point that decides there; without it the point is open and costs nothing. */
  occupy(point: Point, decide: Decide | undefined): void
}

/** The key under which a node shows its passages; the same in every copy of the package. */
export const INTERPOSABLE: unique symbol = Symbol.for('troupe.interposable')

/** Something whose messages can be interposed: a node. */
export interface Interposable {
  readonly [INTERPOSABLE]: PassageAccess
}

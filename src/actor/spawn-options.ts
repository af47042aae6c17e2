import { durationMs, type Fields, integer, isText, readOptions } from '../base/options.js'

/** How to spawn one actor. */
export interface SpawnOptions {
  /** Registers the actor on its node under this name until it has ended for good; restarts keep it. @throws TroupeError ERR_NAME_IN_USE */
  readonly name?: string
  /** Messages that may wait; more are refused with ERR_MAILBOX_FULL. Default: the node's, 100,000. */
  readonly mailboxLimit?: number
  /** Messages that may be stashed. Default: the node's, 1,000. */
  readonly stashLimit?: number
  /** How long onStop and a running handler may take when the actor ends by itself, in ms. Default: the node's, 5,000. */
  readonly stopTimeoutMs?: number
}

/** The bounds of one actor, with the node's defaults filled in; shared by all actors without own options. */
export class CellSettings {
  readonly name: string | undefined
  readonly mailboxLimit: number
  /** Above this many waiting messages a tell returns false: half of the limit. */
  readonly highWater: number
  /** At this many waiting messages `ref.ready()` resolves: half of the high-water mark. */
  readonly lowWater: number
  readonly stashLimit: number
  readonly stopTimeoutMs: number

  constructor(
    name: string | undefined,
    mailboxLimit: number,
    stashLimit: number,
    stopTimeoutMs: number,
  ) {
    this.name = name
    this.mailboxLimit = mailboxLimit
    this.highWater = Math.ceil(mailboxLimit / 2)
    this.lowWater = Math.floor(this.highWater / 2)
    this.stashLimit = stashLimit
    this.stopTimeoutMs = stopTimeoutMs
  }

  /** @throws TroupeError ERR_BAD_OPTION */
  with(options: SpawnOptions): CellSettings {
    const read = readOptions<SpawnOptions>('spawn', FIELDS, options)
    return new CellSettings(
      read.name,
      read.mailboxLimit ?? this.mailboxLimit,
      read.stashLimit ?? this.stashLimit,
      read.stopTimeoutMs ?? this.stopTimeoutMs,
    )
  }
}

const FIELDS = {
  name: { fallback: undefined, check: isText },
  mailboxLimit: { fallback: undefined, check: integer(1) },
  stashLimit: { fallback: undefined, check: integer(0) },
  stopTimeoutMs: { fallback: undefined, check: durationMs() },
} as unknown as Fields<SpawnOptions>

import type { TroupeError } from '../base/errors.js'
import type { Member } from '../overlay/overlay.js'

/** What the lease detector knows of one start of a node. */
export class LeasedNode {
  readonly node: Member
  connected = false
  member = false
  /** An older start of it was a member when this one showed up: it takes its place before the membership knows. */
  isHeir = false
  /** It was a member and left: what it still sends does not bring it back. */
  left = false
  up = false
  /** It was up, and was given up. */
  down = false
  saidGoodbye = false
  /** Something came from it since the last tick. */
  heard = false
  /** Ticks without anything from it. */
  silent = 0
  /** Ticks without anything sent to it. */
  idle = 0
  /** Pause between pings while it is down. */
  retryMs = 0
  timer = false
  /** Why its connections broke, until something came from it another way. */
  lost: TroupeError | undefined

  constructor(node: Member) {
    this.node = node
  }
}

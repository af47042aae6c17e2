import type { Member, Overlay } from '../overlay/overlay.js'
import { ReplayedView } from './overlay-checks.js'

/** One incarnation of a node: an overlay core and what its driver would know. */
export class CoreNode {
  readonly member: Member
  readonly overlay: Overlay
  readonly view: ReplayedView
  alive = true
  /** Connections that stand, by peer. */
  readonly links = new Map<string, Link>()
  readonly wants = new Map<string, Member>()
  /** When connections that are not wanted for themselves were used last, by peer. */
  readonly borrowed = new Map<string, number>()
  readonly timers = new Map<string, number>()
  readonly badMessages: { readonly from: string; readonly detail: string }[] = []
  readonly received: { readonly from: Member; readonly body: unknown }[] = []
  timesOut = 0
  sent = 0
  persisted: unknown

  constructor(member: Member, overlay: Overlay) {
    this.member = member
    this.overlay = overlay
    this.view = new ReplayedView(member)
  }

  get name(): string {
    return this.member.name
  }

  connected(): string[] {
    return [...this.links.keys()].sort()
  }
}

/** A connection between two incarnations. Each end learns of its rise and fall in its own time. */
export class Link {
  readonly ends: readonly [CoreNode, CoreNode]
  /** When the last message towards that end arrives. */
  readonly lastAt: [number, number]
  open = true

  constructor(a: CoreNode, b: CoreNode, nowMs: number) {
    this.ends = [a, b]
    this.lastAt = [nowMs, nowMs]
  }

  other(node: CoreNode): CoreNode {
    return this.ends[0] === node ? this.ends[1] : this.ends[0]
  }
}

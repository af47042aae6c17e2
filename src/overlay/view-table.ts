import { compareIncarnations } from './member.js'
import { type LeaveReason, type Member, NO_EFFECTS, type OverlayEffect } from './overlay.js'

/** One member as it stands in the views of a node. */
export class ViewEntry {
  member: Member
  /** The views it is in, a bit each. */
  views = 0
  /** In rounds; what it counts is the overlay's business. */
  age = 0
  /** Rounds since it was heard last. */
  silent = 0
  /** Attempts to connect that failed one after the other. */
  fails = 0

  constructor(member: Member) {
    this.member = member
  }
}

/**
 * The partial views of one node and the effects of the step that runs. A view is a bit; a member may
 * be in several. It is a member while it is in any of them, and connected to while it is in one of the
 * `wanted` ones. Here is the one place where membership changes and where that is told.
 */
export class ViewTable {
  /** A member came or went since `keep`. */
  changed = false
  /** Those that shall be found again at the next start. */
  kept: readonly Member[] = []
  readonly #self: Member
  readonly #wanted: number
  readonly #entries = new Map<string, ViewEntry>()
  readonly #lists = new Map<number, ViewEntry[]>()
  #effects: OverlayEffect[] = []
  #sorted: readonly Member[] | undefined

  constructor(self: Member, views: readonly number[], wanted: number) {
    this.#self = self
    this.#wanted = wanted
    for (const view of views) this.#lists.set(view, [])
  }

  get size(): number {
    return this.#entries.size
  }

  begin(): void {
    this.#effects = []
  }

  emit(effect: OverlayEffect): void {
    this.#effects.push(effect)
  }

  end(): readonly OverlayEffect[] {
    return this.#effects.length === 0 ? NO_EFFECTS : this.#effects
  }

  get(name: string): ViewEntry | undefined {
    return this.#entries.get(name)
  }

  has(name: string, view: number): boolean {
    const entry = this.#entries.get(name)
    return entry !== undefined && (entry.views & view) !== 0
  }

  /** The entries of one view, in no order. Do not keep it: it changes. */
  list(view: number): readonly ViewEntry[] {
    return this.#lists.get(view) as ViewEntry[]
  }

  names(view: number): string[] {
    return this.list(view)
      .map((entry) => entry.member.name)
      .sort()
  }

  /** This node and all that are in any view, sorted by name. */
  members(): readonly Member[] {
    this.#sorted ??= [this.#self, ...[...this.#entries.values()].map((entry) => entry.member)].sort(
      (a, b) => (a.name < b.name ? -1 : 1),
    )
    return this.#sorted
  }

  /** Chooses among all but this node those that shall be found again. */
  keep(choose: (others: readonly Member[]) => readonly Member[]): void {
    this.changed = false
    this.kept = choose(this.members().filter((member) => member !== this.#self))
    this.emit({ type: 'persist' })
  }

  /** Puts a member into a view. Undefined: it is this node, or of an incarnation that is history. */
  add(member: Member, view: number): ViewEntry | undefined {
    if (member.name === this.#self.name) return undefined
    let entry = this.#entries.get(member.name)
    if (entry === undefined) {
      entry = new ViewEntry(member)
      this.#entries.set(member.name, entry)
      this.#touch()
      this.emit({ type: 'memberJoined', member })
    } else if (!this.renew(member)) return undefined
    if ((entry.views & view) !== 0) return entry
    if ((view & this.#wanted) !== 0 && (entry.views & this.#wanted) === 0) {
      this.emit({ type: 'connect', peer: entry.member })
    }
    entry.views |= view
    this.#lists.get(view)?.push(entry)
    return entry
  }

  /** Takes it out of one view. */
  drop(name: string, view: number, reason: LeaveReason = 'forgotten'): void {
    const entry = this.#entries.get(name)
    if (entry === undefined || (entry.views & view) === 0) return
    const wasWanted = (entry.views & this.#wanted) !== 0
    entry.views &= ~view
    const list = this.#lists.get(view) as ViewEntry[]
    const last = list.pop() as ViewEntry
    if (last !== entry) list[list.indexOf(entry)] = last
    if (entry.views === 0) {
      this.#entries.delete(name)
      this.#touch()
      this.emit({ type: 'memberLeft', member: entry.member, reason })
    }
    if (wasWanted && (entry.views & this.#wanted) === 0) this.emit({ type: 'release', peer: name })
  }

  /** Takes it out of all views. */
  remove(name: string, reason: LeaveReason): void {
    for (const view of this.#lists.keys()) this.drop(name, view, reason)
  }

  clear(reason: LeaveReason): void {
    for (const name of [...this.#entries.keys()]) this.remove(name, reason)
  }

  /** A newer incarnation takes the place of the one that is held. False: this one is older than that. */
  renew(member: Member): boolean {
    const entry = this.#entries.get(member.name)
    if (entry === undefined) return true
    const age = compareIncarnations(member, entry.member)
    if (age <= 0) return age === 0
    const before = entry.member
    entry.member = member
    entry.fails = 0
    this.#touch()
    this.emit({ type: 'memberLeft', member: before, reason: 'replaced' })
    this.emit({ type: 'memberJoined', member })
    if ((entry.views & this.#wanted) !== 0) this.emit({ type: 'connect', peer: member })
    return true
  }

  #touch(): void {
    this.#sorted = undefined
    this.changed = true
  }
}

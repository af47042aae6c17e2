import { type Budget, Ledger } from './budget.js'
import type { HistoryOp } from './history.js'
import type { AnyModel } from './model.js'
import { OpenOps, type PendingKind } from './open-ops.js'
import { SlotSets } from './slot-sets.js'
import { IMPOSSIBLE, StateTable } from './state-table.js'
import { Usages } from './usages.js'

/** By estimate: what a configuration costs that is remembered. */
const SEEN_BYTES = 110

/** States that are kept of the furthest point, to show. */
const SHOWN = 4

/** Names of states stay below, so that one and a set of slots fit a number. */
const STATES_MAX = 2 ** 22

/** A place in the search from which there may be more ways. */
interface Fork {
  /** The return that is next. */
  readonly at: number
  /** Operations under way that have had their turn. */
  readonly taken: number
  /** Open operations that have had theirs. */
  readonly used: number
  readonly state: number
  /** The last to have its turn was an open operation, and nobody has seen what it did. */
  readonly unseen: boolean
  /** Kinds of open operations that can be next. */
  readonly pending: readonly number[]
  /** The next way to try. */
  way: number
}

/**
 * Looks for an order of the operations on one object that fits clock and model: Wing and Gong's search (J. Parallel
 * Distrib. Comput. 1993) with Lowe's two savings (Concurrency Comput. 2017): what was seen is not
 * searched again, and an operation gets its turn only when one must (its return is next) or for one that must.
 *
 * Three more, all without loss: a read gets its turn as soon as it can; where the same is reached with fewer of the
 * operations that may never be done, the other way is left; and, of registers, what such an operation wrote must be seen by the
 * next that gets its turn, for if that overwrites it, it might as well not have been done. The return that no
 * way gets past ends the shortest prefix that has no order, if the model does not look ahead.
 */
export class LinearSearch {
  readonly #model: AnyModel
  readonly #budget: Budget
  readonly #ledger: Ledger
  readonly #states: StateTable
  readonly #ops: OpenOps
  readonly #sets: SlotSets
  readonly #usages: Usages
  /** For each return: what was there, by set and state. */
  readonly #seen: Map<number, number | number[]>[] = []
  readonly #forks: Fork[] = []
  /** By kind: whether it overwrites whatever is there. */
  readonly #blind: (boolean | undefined)[] = []
  /** All open operations are such that a state after them is a value that one wrote. */
  readonly #writesAll: boolean
  readonly #pendingOf = new Map<number, readonly number[]>()
  readonly #hopeless: ReturnType<NonNullable<AnyModel['lookahead']>> | undefined
  /** Of sets and bags, as far as they are counted. */
  #tables = 0
  #furthest = -1
  #furthestStates: number[] = []
  #found = false

  constructor(model: AnyModel, ops: readonly HistoryOp[], budget: Budget) {
    this.#model = model
    this.#budget = budget
    this.#ledger = new Ledger(budget)
    this.#states = new StateTable(model, this.#ledger)
    const done = ops.filter(({ status }) => status === 'ok')
    const open = ops.filter(({ status }) => status === 'info')
    const noticeable = model.noticeable?.(open, done) ?? open
    this.#ops = new OpenOps(
      done,
      noticeable,
      (op) => this.#states.kindOf(op),
      (op) => model.isRead?.(op) ?? false,
      (bytes) => {
        this.#ledger.keep(bytes)
        return budget.spent === undefined
      },
    )
    this.#sets = new SlotSets(this.#ops.width)
    this.#usages = new Usages(Math.max(1, this.#ops.pending.length))
    this.#writesAll = noticeable.every((op) => model.access?.(op)?.writes !== undefined)
    this.#hopeless = model.lookahead?.([...done, ...noticeable])
    if (this.#ops.complete) this.#enter(0, 0, 0, 0, false)
  }

  /** Goes on for so many steps. Undefined: there is more to do, or the budget is spent. */
  run(steps: number): boolean | undefined {
    for (let left = steps; left > 0; left--) {
      if (this.#found) return true
      if (this.#budget.spent !== undefined) return undefined
      const fork = this.#forks[this.#forks.length - 1]
      if (fork === undefined) return false
      if (!this.#budget.step()) return undefined
      this.#advance(fork)
    }
    return undefined
  }

  /** The event that no way has got past so far. */
  get furthestAt(): number {
    return this.#ops.returnedAt(Math.max(0, this.#furthest))
  }

  /** Some of the states that were possible there, as texts. */
  get furthestStates(): readonly string[] {
    return this.#furthestStates.map((state) => this.#states.textOf(state))
  }

  /** Gives back what it remembers. */
  end(): void {
    this.#ledger.release()
    this.#seen.length = 0
    this.#forks.length = 0
  }

  /** Tries the next way from there. */
  #advance(fork: Fork): void {
    const { at, taken, used, state, unseen } = fork
    const under = this.#ops.underWay(at)
    const way = fork.way++
    if (way < under.length) {
      const op = under[way] as number
      const slot = this.#ops.slotOf(op)
      const kind = this.#ops.kindOf(op)
      if (this.#sets.has(taken, slot) || (unseen && this.#isBlind(kind))) return
      const next = this.#states.next(state, kind)
      if (next !== IMPOSSIBLE) this.#enter(at, this.#sets.with(taken, slot), used, next, false)
      return
    }
    const number = fork.pending[way - under.length]
    if (number === undefined) {
      this.#forks.pop()
      return
    }
    const { kind, calledAt } = this.#ops.pending[number] as PendingKind
    const again = calledAt[this.#usages.count(used, number)]
    if (again === undefined || again > this.#ops.returnedAt(at)) return
    const next = this.#states.next(state, kind)
    if (next === IMPOSSIBLE || next === state) return
    this.#enter(at, taken, this.#usages.with(used, number), next, this.#writesAll)
  }

  /** Goes as far as there is nothing to decide, and remembers where that is. `open`: an open operation was the last. */
  #enter(from: number, had: number, used: number, state: number, open: boolean): void {
    let at = from
    let taken = had
    let unseen = open
    for (let before = -1; before !== at; ) {
      before = at
      for (const op of this.#ops.reads(at)) {
        const slot = this.#ops.slotOf(op)
        if (this.#sets.has(taken, slot)) continue
        if (this.#states.next(state, this.#ops.kindOf(op)) === IMPOSSIBLE) continue
        taken = this.#sets.with(taken, slot)
        unseen = false
      }
      for (; at < this.#ops.returns; at++) {
        const slot = this.#ops.slotOf(this.#ops.returning(at))
        if (!this.#sets.has(taken, slot)) break
        taken = this.#sets.without(taken, slot)
      }
      if (at === this.#ops.returns) {
        this.#found = true
        return
      }
    }
    this.#show(at, state)
    if (state >= STATES_MAX) this.#budget.exceed(`${STATES_MAX} states of the model`)
    const pending = this.#pendingIn(state, unseen)
    if (unseen && pending.length === 0 && !this.#isSeen(at, taken, state)) return
    if (this.#isHopeless(at, taken, state) || this.#wasSeen(at, taken, used, state, unseen)) return
    this.#forks.push({ at, taken, used, state, unseen, pending, way: 0 })
  }

  /** Whether an operation under way can see what is there. */
  #isSeen(at: number, taken: number, state: number): boolean {
    for (const op of this.#ops.underWay(at)) {
      const kind = this.#ops.kindOf(op)
      if (this.#isBlind(kind) || this.#sets.has(taken, this.#ops.slotOf(op))) continue
      if (this.#states.next(state, kind) !== IMPOSSIBLE) return true
    }
    return false
  }

  /** It overwrites whatever is there. */
  #isBlind(kind: number): boolean {
    let blind = this.#blind[kind]
    if (blind === undefined) {
      const access = this.#model.access?.(this.#states.opOf(kind))
      blind = access !== undefined && access.reads === undefined && access.writes !== undefined
      this.#blind[kind] = blind
    }
    return blind
  }

  /** Kinds of open operations that may change that state; of those only the ones that see it, where `unseen`. */
  #pendingIn(state: number, unseen: boolean): readonly number[] {
    // where not all of them write plain values, to look at what they all make of each state would take too much
    const place = 2 * (this.#writesAll ? state : 0) + (unseen ? 1 : 0)
    const known = this.#pendingOf.get(place)
    if (known !== undefined) return known
    const numbers: number[] = []
    for (const [number, { kind }] of this.#ops.pending.entries()) {
      if (unseen && this.#isBlind(kind)) continue
      const next = this.#writesAll ? this.#states.next(state, kind) : undefined
      if (next !== IMPOSSIBLE && next !== state) numbers.push(number)
    }
    this.#pendingOf.set(place, numbers)
    this.#ledger.keep(SEEN_BYTES + 8 * numbers.length)
    return numbers
  }

  #isHopeless(at: number, taken: number, state: number): boolean {
    if (this.#hopeless === undefined) return false
    const event = this.#ops.returnedAt(at)
    return this.#hopeless(event, this.#states.stateOf(state), (op) => {
      if (op >= this.#ops.returns || this.#ops.calledAt(op) > event) return false
      return this.#sets.has(taken, this.#ops.slotOf(op))
    })
  }

  /** Whether it was there before with no more of the open operations, and as free to go on. */
  #wasSeen(at: number, taken: number, used: number, state: number, unseen: boolean): boolean {
    this.#seen[at] ??= new Map()
    const seen = this.#seen[at] as Map<number, number | number[]>
    const free = 2 * taken * STATES_MAX + state
    if (unseen && this.#covers(seen.get(free), used)) return true
    const key = unseen ? free + STATES_MAX : free
    const known = seen.get(key)
    if (this.#covers(known, used)) return true
    if (known === undefined) {
      seen.set(key, used)
    } else {
      const all = typeof known === 'number' ? [known] : known
      const rest = all.filter((one) => !this.#usages.within(used, one))
      seen.set(key, rest.length === 0 ? used : [...rest, used])
    }
    this.#account()
    return false
  }

  #covers(known: number | readonly number[] | undefined, used: number): boolean {
    if (known === undefined) return false
    if (typeof known === 'number') return this.#usages.within(known, used)
    return known.some((one) => this.#usages.within(one, used))
  }

  #account(): void {
    const tables = this.#sets.bytes + this.#usages.bytes
    this.#ledger.keep(SEEN_BYTES + tables - this.#tables)
    this.#tables = tables
  }

  #show(at: number, state: number): void {
    if (at < this.#furthest) return
    if (at > this.#furthest) this.#furthestStates = []
    this.#furthest = at
    const shown = this.#furthestStates
    if (shown.length < SHOWN && !shown.includes(state)) shown.push(state)
  }
}

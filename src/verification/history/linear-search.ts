import { type Budget, Ledger } from './budget.js'
import type { HistoryOp } from './history.js'
import type { AnyModel } from './model.js'
import { OpenOps } from './open-ops.js'
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
  /** The next way to try. */
  way: number
}

/**
 * Looks for an order of the operations on one object that fits clock and model: Wing and Gong's search (J. Parallel
 * Distrib. Comput. 1993) with Lowe's two savings (Concurrency Comput. 2017): what was seen is not
 * searched again, and an operation gets its turn only when one must (its return is next) or for one that must.
 *
 * Two more, both without loss: a read gets its turn as soon as it can; and where
 * the same is reached with fewer of the operations that may never be done, the other way is left. The return that no
 * way gets past ends the shortest prefix that has no order, if the model does not look ahead.
 */
export class LinearSearch {
  readonly #budget: Budget
  readonly #ledger: Ledger
  readonly #states: StateTable
  readonly #ops: OpenOps
  readonly #sets: SlotSets
  readonly #usages: Usages
  /** For each return: what was there, by set and state. */
  readonly #seen: Map<number, number | number[]>[] = []
  readonly #forks: Fork[] = []
  readonly #hopeless: ReturnType<NonNullable<AnyModel['lookahead']>> | undefined
  /** Of sets and bags, as far as they are counted. */
  #tables = 0
  #furthest = -1
  #furthestStates: number[] = []
  #found = false

  constructor(model: AnyModel, ops: readonly HistoryOp[], budget: Budget) {
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
    )
    this.#sets = new SlotSets(this.#ops.width)
    this.#usages = new Usages(Math.max(1, this.#ops.pending.length))
    this.#hopeless = model.lookahead?.([...done, ...noticeable])
    this.#ledger.keep(16 * this.#ops.held)
    this.#enter(0, 0, 0, 0)
  }

  /** Goes on for so many steps. Undefined: there is more to do, or the budget is spent. */
  run(steps: number): boolean | undefined {
    for (let left = steps; left > 0; left--) {
      if (this.#found) return true
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
    const { at, taken, used, state } = fork
    const under = this.#ops.underWay(at)
    const way = fork.way++
    if (way < under.length) {
      const op = under[way] as number
      const slot = this.#ops.slotOf(op)
      if (this.#sets.has(taken, slot)) return
      const next = this.#states.next(state, this.#ops.kindOf(op))
      if (next !== IMPOSSIBLE) this.#enter(at, this.#sets.with(taken, slot), used, next)
      return
    }
    const kind = way - under.length
    const pending = this.#ops.pending[kind]
    if (pending === undefined) {
      this.#forks.pop()
      return
    }
    const next = this.#states.next(state, pending.kind)
    if (next === IMPOSSIBLE || next === state) return
    const again = pending.calledAt[this.#usages.count(used, kind)]
    if (again === undefined || again > this.#ops.returnedAt(at)) return
    this.#enter(at, taken, this.#usages.with(used, kind), next)
  }

  /** Goes as far as there is nothing to decide, and remembers where that is. */
  #enter(from: number, had: number, used: number, state: number): void {
    let at = from
    let taken = had
    for (let before = -1; before !== at; ) {
      before = at
      for (const op of this.#ops.reads(at)) {
        const slot = this.#ops.slotOf(op)
        if (this.#sets.has(taken, slot)) continue
        if (this.#states.next(state, this.#ops.kindOf(op)) !== IMPOSSIBLE) {
          taken = this.#sets.with(taken, slot)
        }
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
    if (this.#isHopeless(at, taken, state) || this.#wasSeen(at, taken, used, state)) return
    this.#forks.push({ at, taken, used, state, way: 0 })
  }

  #isHopeless(at: number, taken: number, state: number): boolean {
    if (this.#hopeless === undefined) return false
    const event = this.#ops.returnedAt(at)
    return this.#hopeless(event, this.#states.stateOf(state), (op) => {
      if (op >= this.#ops.returns || this.#ops.calledAt(op) > event) return false
      return this.#sets.has(taken, this.#ops.slotOf(op))
    })
  }

  /** Whether it was there before with no more of the open operations. */
  #wasSeen(at: number, taken: number, used: number, state: number): boolean {
    this.#seen[at] ??= new Map()
    const seen = this.#seen[at] as Map<number, number | number[]>
    const key = taken * STATES_MAX + state
    const known = seen.get(key)
    if (known === undefined) {
      seen.set(key, used)
    } else if (typeof known === 'number') {
      if (this.#usages.within(known, used)) return true
      seen.set(key, this.#usages.within(used, known) ? used : [known, used])
    } else {
      if (known.some((one) => this.#usages.within(one, used))) return true
      const rest = known.filter((one) => !this.#usages.within(used, one))
      rest.push(used)
      seen.set(key, rest)
    }
    this.#account()
    return false
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

import { badOption } from '../../base/options.js'
import type { Scenario } from '../../simulation/index.js'
import { dropLabel, readFaultLabel } from './fault-label.js'

/** More orders than that are not tried. */
const ORDERS_MAX = 720

/** Sets of faults that differ only by the names of nodes of which one is as good as another. */
export class Renaming {
  readonly #renamings: readonly Names[]
  readonly #renamed = new Map<string, readonly string[]>()

  /** @throws TroupeError ERR_BAD_OPTION for groups that are too large */
  constructor(groups: readonly (readonly string[])[]) {
    let renamings: Map<string, string>[] = [new Map()]
    for (const group of groups) {
      const orders = ordersOf(group)
      if (orders.length * renamings.length > ORDERS_MAX) {
        const few = `so few that they have at most ${ORDERS_MAX} orders`
        throw badOption('scenario.interchangeable', few, groups)
      }
      renamings = renamings.flatMap((renaming) =>
        orders.map((order) => {
          const extended = new Map(renaming)
          for (const [at, name] of group.entries()) extended.set(name, order[at] as string)
          return extended
        }),
      )
    }
    this.#renamings = renamings
  }

  /**
   * Under some renaming a run so far is itself (each node has got the same in the same order), and what one of these
   * messages leads to is what that message leads to.
   *
   * @param got what each node has got so far, in order
   */
  mirrored(
    got: ReadonlyMap<string, readonly string[]>,
    tried: Iterable<string>,
    message: string,
  ): boolean {
    const others = [...tried]
    return this.#renamings
      .slice(1)
      .some(
        (renaming) =>
          others.some((other) => renamedMessage(other, renaming) === message) &&
          isItself(got, renaming),
      )
  }

  /** One text for all sets that are the same but for names. */
  key(faults: readonly string[]): string {
    let least: string | undefined
    for (const set of this.all(faults)) {
      const key = [...set].sort().join('\n')
      if (least === undefined || key < least) least = key
    }
    return least ?? ''
  }

  /** A set under all names, its own first. */
  *all(faults: readonly string[]): Iterable<readonly string[]> {
    yield faults
    // Messages of one step leave in an order, and a crash divides them: those behind it depend on names.
    if (faults.some((fault) => !fault.startsWith('drop '))) return
    for (let at = 1; at < this.#renamings.length; at++) {
      yield faults.map((fault) => this.#names(fault)[at] as string)
    }
  }

  /** A loss under all names. */
  #names(fault: string): readonly string[] {
    let names = this.#renamed.get(fault)
    if (names === undefined) {
      names = this.#renamings.map((renaming) => renamed(fault, renaming))
      this.#renamed.set(fault, names)
    }
    return names
  }
}

/** @throws TroupeError ERR_BAD_OPTION where a scenario names no such nodes, or too many */
export function renamingOf({ name, interchangeable = [] }: Scenario): Renaming {
  if (interchangeable.length === 0) {
    const wanted = `without 'symmetry' for ${name}, which names no interchangeable nodes`
    throw badOption('prune', wanted, 'symmetry')
  }
  return new Renaming(interchangeable)
}

type Names = ReadonlyMap<string, string>

/** The loss of a message between nodes with other names. */
function renamed(label: string, names: Names): string {
  const fault = readFaultLabel(label)
  if (fault === undefined) return label
  const { from, to, message } = fault
  return dropLabel({ from: names.get(from) ?? from, to: names.get(to) ?? to, message })
}

const DROP = dropLabel({ from: '', to: '', message: '' }).indexOf('>')

/** The same for a message: `n1>n2:add#1`. */
const renamedMessage = (label: string, names: Names): string =>
  renamed(`drop ${label}`, names).slice(DROP)

function isItself(got: ReadonlyMap<string, readonly string[]>, names: Names): boolean {
  for (const [node, messages] of got) {
    const there = got.get(names.get(node) ?? node) ?? []
    if (there.length !== messages.length) return false
    if (messages.some((message, at) => renamedMessage(message, names) !== there[at])) return false
  }
  return true
}

function ordersOf(names: readonly string[]): string[][] {
  if (names.length === 0) return [[]]
  return names.flatMap((first, at) =>
    ordersOf(names.toSpliced(at, 1)).map((rest) => [first, ...rest]),
  )
}

import { readFaultLabel } from './fault-label.js'

/** More orders than that are not tried. */
const ORDERS_MAX = 720

/** Sets of faults that differ only by the names of nodes of which one is as good as another. */
export class Renaming {
  readonly #renamings: readonly ReadonlyMap<string, string>[]

  /** @throws RangeError for groups that are too large */
  constructor(groups: readonly (readonly string[])[]) {
    let renamings: Map<string, string>[] = [new Map()]
    for (const group of groups) {
      const orders = ordersOf(group)
      if (orders.length * renamings.length > ORDERS_MAX) {
        throw new RangeError(
          `interchangeable nodes have more than ${ORDERS_MAX} orders: name fewer of them`,
        )
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
    for (const renaming of this.#renamings.slice(1)) {
      yield faults.map((fault) => renamed(fault, renaming))
    }
  }
}

/** A choice about a message between nodes with other names. */
export function renamed(label: string, renaming: ReadonlyMap<string, string>): string {
  const fault = readFaultLabel(label)
  if (fault === undefined) return label
  const { verb, from, to, message } = fault
  const [sender, receiver] = [renaming.get(from) ?? from, renaming.get(to) ?? to]
  const what = `${sender}>${receiver}:${message}`
  return verb === 'drop' ? `drop ${what}` : `crash ${sender} at ${what}`
}

function ordersOf(names: readonly string[]): string[][] {
  if (names.length === 0) return [[]]
  return names.flatMap((first, at) =>
    ordersOf(names.toSpliced(at, 1)).map((rest) => [first, ...rest]),
  )
}

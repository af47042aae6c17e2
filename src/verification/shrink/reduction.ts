/**
 * Delta debugging (Zeller, Hildebrandt: "Simplifying and Isolating Failure-Inducing Input", TSE 2002), from the
 * end on: takes out ranges of items, large ones first, as long as that is accepted.
 *
 * @param count how many items there are now
 * @param without takes the items from `from` to before `to` out; false: they are needed
 */
export async function reduce(
  count: () => number,
  without: (from: number, to: number) => Promise<boolean>,
): Promise<void> {
  for (let size = count(); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let to = count(); to > 0; ) {
      const from = Math.max(0, to - size)
      await without(from, to)
      to = Math.min(from, count())
    }
  }
}

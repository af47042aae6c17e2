import type { Story } from './story.js'

/** What happened before a step and may have led to it, what happened after it and may follow from it. */
export interface Relatives {
  readonly past: ReadonlySet<number>
  readonly future: ReadonlySet<number>
  /** Of both those that the trace names: causes of causes, and what they brought about. */
  readonly named: ReadonlySet<number>
}

/** The order of a story's steps by cause: along each node and each client, and along messages that arrive. */
export class Causality {
  readonly #before: readonly number[][]
  readonly #after: readonly number[][]
  readonly #causes: readonly number[][]
  readonly #effects: readonly number[][]

  constructor(story: Story) {
    this.#before = before(story)
    this.#after = turned(this.#before)
    this.#causes = story.steps.map(({ cause }) => (cause === undefined ? [] : [cause]))
    this.#effects = turned(this.#causes)
  }

  relativesOf(step: number): Relatives {
    return {
      past: reached(this.#before, step),
      future: reached(this.#after, step),
      named: new Set([...reached(this.#causes, step), ...reached(this.#effects, step)]),
    }
  }

  /** What a step brought about at once, in order. */
  effectsOf(step: number): readonly number[] {
    return this.#effects[step] ?? []
  }
}

/** The steps that come just before each step: on its node, of its client, at the other end of its messages. */
function before({ steps, messages, operations }: Story): number[][] {
  const lastOn = new Map<number, number>()
  const edges = steps.map(({ node }, at) => {
    const last = node === undefined ? undefined : lastOn.get(node)
    if (node !== undefined) lastOn.set(node, at)
    return last === undefined ? [] : [last]
  })
  const add = (to: number, from: number | undefined): void => {
    if (from !== undefined && from !== to) edges[to]?.push(from)
  }
  for (const { sent, ends } of messages) {
    for (const { step, lost } of ends) if (!lost) add(step, sent)
  }
  const returnedLast = new Map<number, number | undefined>()
  for (const { client, called, returned } of operations) {
    add(called, returnedLast.get(client))
    if (returned !== undefined) add(returned, called)
    returnedLast.set(client, returned ?? called)
  }
  return edges
}

function turned(edges: readonly (readonly number[])[]): number[][] {
  const other: number[][] = edges.map(() => [])
  for (const [to, froms] of edges.entries()) for (const from of froms) other[from]?.push(to)
  return other
}

/** All that can be reached, without the beginning. */
function reached(edges: readonly (readonly number[])[], from: number): Set<number> {
  const seen = new Set<number>([from])
  const waiting = [from]
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const next of edges[at] ?? []) {
      if (seen.has(next)) continue
      seen.add(next)
      waiting.push(next)
    }
  }
  seen.delete(from)
  return seen
}

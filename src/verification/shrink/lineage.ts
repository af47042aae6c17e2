import type { MessageLabel } from '../../fault/fault.js'
import { labelText } from '../../fault/fault.js'
import type { Trace, TraceLine } from '../../simulation/index.js'

/** Which operation of a client each message of a run goes back to, from its trace. */
export class Lineage {
  readonly #lines: readonly TraceLine[]
  readonly #roots = new Map<number, number | undefined>()
  /** For messages that have arrived or were lost on arrival, in order, by sender, receiver and name: their roots. */
  readonly #arrivals = new Map<string, (number | undefined)[]>()

  /** @param fromUs when the workload began: messages are numbered from there */
  constructor({ lines }: Trace, fromUs: number) {
    this.#lines = lines
    for (const { i, t, k, n, id = '' } of lines) {
      if (t < fromUs || (k !== 'deliver' && k !== 'drop')) continue
      const [, name, to] = /^(.*>([^:]*):.*)#\d+$/.exec(id) ?? []
      if (name === undefined || to !== n) continue
      const roots = this.#arrivals.get(name) ?? []
      this.#arrivals.set(name, roots)
      roots.push(this.#rootOf(i))
    }
  }

  /** How the message is called in a run without those operations; undefined when it is not there. */
  labelWithout(label: MessageLabel, dropped: ReadonlySet<number>): MessageLabel | undefined {
    const { ordinal } = label
    if (ordinal === undefined) return label
    const roots = this.#arrivals.get(labelText(withoutOrdinal(label))) ?? []
    const isDropped = (root: number | undefined): boolean => root !== undefined && dropped.has(root)
    if (isDropped(roots[ordinal - 1])) return undefined
    return { ...label, ordinal: ordinal - roots.slice(0, ordinal - 1).filter(isDropped).length }
  }

  #rootOf(line: number): number | undefined {
    const way: number[] = []
    let root: number | undefined
    for (let at: number | undefined = line; at !== undefined; ) {
      if (this.#roots.has(at)) {
        root = this.#roots.get(at)
        break
      }
      way.push(at)
      const { k, id, c }: TraceLine = this.#lines[at] as TraceLine
      if (k === 'op.call') {
        root = Number(id?.replace(/^.*#/, ''))
        break
      }
      at = c
    }
    for (const at of way) this.#roots.set(at, root)
    return root
  }
}

const withoutOrdinal = ({ from, to, name }: MessageLabel): MessageLabel => ({ from, to, name })

/** A message's label from its text. */
export function readLabel(text: string): MessageLabel | undefined {
  const [, from, to, name, ordinal] = /^([^>]+)>([^:]+):(.+?)(?:#(\d+))?$/.exec(text) ?? []
  if (from === undefined || to === undefined || name === undefined) return undefined
  return { from, to, name, ...(ordinal !== undefined && { ordinal: Number(ordinal) }) }
}

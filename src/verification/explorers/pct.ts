import { integer, readOptions } from '../../base/options.js'
import type { Candidate } from '../../simulation/index.js'
import type { ExplorerFactory } from '../explorer.js'
import { PriorityOrder } from './random-order.js'
import { type Seen, seeded } from './seeded-explorer.js'

export interface PctOptions {
  /** How many orders must be just so for the bug to show: one more than the points at which priorities change. Default 3. */
  readonly depth?: number
}

const FIELDS = { depth: { fallback: 3, check: integer(1, 20) } }

/**
 * Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010; for messages: Ozkan et al., OOPSLA 2018): each
 * node has a random priority, and the messages to the highest come first; at `depth` - 1 random steps the highest
 * becomes the lowest. Of a run of k messages to n nodes a bug of that depth is met with a chance of at least 1/(n k^(depth-1)).
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function pct(options: PctOptions = {}): ExplorerFactory {
  const { depth = 3 } = readOptions<PctOptions>('pct', FIELDS as never, options)
  return seeded(`pct(${depth})`, (seed, seen) => new PctOrder(seed, depth, seen))
}

class PctOrder extends PriorityOrder {
  /** Steps at which the highest becomes the lowest. */
  readonly #changes: ReadonlySet<number>
  /** Below all that are drawn, the later the lower. */
  readonly #lowered = new Map<string, number>()
  #step = 0

  constructor(seed: string, depth: number, { steps }: Seen) {
    super(seed)
    const points = Array.from({ length: depth - 1 }, (_, at) => this.draw(`change ${at}`))
    this.#changes = new Set(points.map((draw) => draw % steps))
  }

  protected priority({ to, label }: Candidate): number {
    const node = to === '' ? label : to
    return this.#lowered.get(node) ?? LOWERED_MAX + this.draw(`node ${node}`)
  }

  protected override picked(chosen: Candidate): void {
    if (this.#changes.has(this.#step++)) {
      this.#lowered.set(chosen.to, LOWERED_MAX - this.#lowered.size - 1)
    }
  }
}

const LOWERED_MAX = 1_000

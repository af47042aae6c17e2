import { integer, readOptions } from '../../base/options.js'
import { RingQueue } from '../../base/ring-queue.js'
import type { Candidate, ChoiceSource, Scenario } from '../../simulation/index.js'
import type { Attempt, Explorer, ExplorerFactory, ExplorerPlan } from '../explorer.js'

export interface DelayBoundedOptions {
  /** Messages that are passed over in one run. Default 2. */
  readonly delays?: number
}

const FIELDS = { delays: { fallback: 2, check: integer(0, 100) } }

/**
 * All orders that come of passing messages over at most `delays` times (Emmi, Qadeer, Rakamarić: "Delay-bounded
 * scheduling", POPL 2011): who is passed over comes after all that may come now. Few delays first, so that the
 * first failure reads "in order, except …". Needs level `messages`. Ends when all are tried.
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function delayBounded(options: DelayBoundedOptions = {}): ExplorerFactory {
  const { delays = 2 } = readOptions<DelayBoundedOptions>('delayBounded', FIELDS as never, options)
  return {
    name: `delayBounded(${delays})`,
    seeded: false,
    create: (_scenario: Scenario, plan) => new DelayBounded(delays, plan),
  }
}

/** The steps of a run at which a message is passed over; a step twice: two messages. */
type Delays = readonly number[]

class DelayBounded implements Explorer {
  readonly name: string
  readonly #most: number
  readonly #seed: string
  readonly #queue = new RingQueue<Delays>()
  readonly #shard: ExplorerPlan['shard']
  #current: { readonly delays: Delays; readonly order: DelayOrder } | undefined
  #taken = 0

  constructor(most: number, { seedBase, shard }: ExplorerPlan) {
    this.name = `delayBounded(${most})`
    this.#most = most
    this.#seed = String(seedBase)
    this.#shard = shard
    this.#queue.push([])
  }

  next(): Attempt | undefined {
    const delays = this.#queue.shift()
    if (delays === undefined) return undefined
    const order = new DelayOrder(delays)
    this.#current = { delays, order }
    return { seed: this.#seed, choices: order }
  }

  report(): void {
    const current = this.#current
    if (current === undefined || current.delays.length >= this.#most) return
    const { delays, order } = current
    const last = delays.at(-1) ?? 0
    for (let step = last; step < order.widths.length; step++) {
      const passed = delays.filter((at) => at === step).length
      if ((order.widths[step] as number) - passed < 2) continue
      // The first delay of a run shares the work out.
      if (delays.length === 0 && this.#taken++ % this.#shard.of !== this.#shard.index) continue
      this.#queue.push([...delays, step])
    }
  }
}

class DelayOrder implements ChoiceSource {
  /** How many messages could have come next, by step. */
  readonly widths: number[] = []
  readonly #delays: Delays

  constructor(delays: Delays) {
    this.#delays = delays
  }

  choose(): number {
    return 0
  }

  readonly pick = (candidates: readonly Candidate[]): number => {
    const step = this.widths.length
    this.widths.push(candidates.length)
    const passed = this.#delays.filter((at) => at === step).length
    return Math.min(passed, candidates.length - 1)
  }
}

import { Causal } from './causal.js'
import type { CausalOptions } from './causal-event.js'
import { type Flow, type Handed, LabelledFlow } from './flow.js'
import type { CausalMark } from './stamp.js'

/** The causal stages of one node by label. */
export class Labels<M> {
  readonly #self: string
  readonly #options: CausalOptions
  readonly #max: number
  readonly #stages = new Map<number, Causal<Handed<M>>>()

  constructor(self: string, options: CausalOptions, max: number) {
    this.#self = self
    this.#options = options
    this.#max = max
  }

  all(): Iterable<[number, Causal<Handed<M>>]> {
    return this.#stages
  }

  find(label: number): Causal<Handed<M>> | undefined {
    return this.#stages.get(label)
  }

  /** For a label that is in use. */
  get(label: number): Causal<Handed<M>> {
    let stage = this.#stages.get(label)
    if (stage === undefined) {
      stage = new Causal<Handed<M>>(this.#self, this.#options)
      this.#stages.set(label, stage)
    }
    return stage
  }

  /** For a new message: undefined when there are as many as may be. */
  admit(label: number): Causal<Handed<M>> | undefined {
    const stage = this.#stages.get(label)
    return stage === undefined && this.#stages.size >= this.#max ? undefined : this.get(label)
  }

  /** The next place in the order of a label; undefined when its clock is full, the node gone, or there are too many labels. */
  mark(label: number, to: string, { tag: flow, session }: Numbering): CausalMark | undefined {
    const stamped = this.admit(label)?.step({ type: 'send', to, flow, session })[0]
    if (stamped?.type !== 'stamped') return undefined
    const { seq, after, clock } = stamped
    return { label, seq, clock, after }
  }

  /** The label on that flow; undefined while one does not know the other. The last one is at hand. */
  on(flow: Flow<M>, label: number): LabelledFlow<M> | undefined {
    const last = flow.labelled
    if (last?.label === label && !last.node.forgotten) return last
    const stage = this.#stages.get(label)
    const node = stage?.node(flow.peer)
    if (stage === undefined || node === undefined) return undefined
    flow.labelled = new LabelledFlow(label, stage, node)
    return flow.labelled
  }
}

/** What numbers the messages of a flow: those of one session are given up together. */
interface Numbering {
  readonly tag: number
  readonly session: number
}

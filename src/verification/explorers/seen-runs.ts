import type { Exchanges } from '../../simulation/index.js'
import { crashLabel, dropLabel, readFaultLabel } from './fault-label.js'

/** A node in a run: what it got, and what it gave. */
interface SeenNode {
  /** Numbers of inputs, in order. */
  readonly got: readonly number[]
  /** How choices call each; '' for what is no message of actors. */
  readonly labels: readonly string[]
  /** The number of all that it gave. */
  readonly gave: number
}

/** A run, as its nodes saw it. */
export interface SeenRun {
  /** What was decided in it, in order. */
  readonly asked: readonly string[]
  readonly askedUs: readonly number[]
  readonly nodes: ReadonlyMap<string, SeenNode>
  /** Nodes whose state checks have looked at: there nothing goes unseen. */
  readonly looked: ReadonlySet<string>
}

/** A message takes that long to arrive after the one before it. */
const STEP_US = 1

/**
 * What nodes have done in the runs so far, by what they got. Nodes share nothing but messages, so one that gets the
 * same gives the same, whatever happens elsewhere; so it can be told beforehand of a run that nothing but one node
 * will notice what sets it apart from another.
 */
export class SeenRuns {
  readonly #numbers = new Map<string, number>()
  /** By node and what it got, what it gave; `UNSURE` where it once gave something else. */
  readonly #gave = new Map<string, number>()

  learn({ questions, nodes, looked }: Exchanges): SeenRun {
    const seen = new Map<string, SeenNode>()
    for (const [name, { got, gave }] of nodes) {
      const node: SeenNode = {
        got: got.map(({ what }) => this.#number(what)),
        labels: got.map(({ label }) => label),
        gave: this.#number(gave.join('\n')),
      }
      seen.set(name, node)
      const key = keyOf(name, node.got)
      const known = this.#gave.get(key)
      this.#gave.set(key, known === undefined || known === node.gave ? node.gave : UNSURE)
    }
    return {
      asked: questions.map(({ label }) => label),
      askedUs: questions.map(({ atUs }) => atUs),
      nodes: seen,
      looked,
    }
  }

  /**
   * The run in which that message is lost as well, where it is known that its receiver gives the same without it:
   * then all others get the same, and all that checks hear of is the same. Undefined: nobody knows.
   */
  without(run: SeenRun, label: string): SeenRun | undefined {
    const fault = readFaultLabel(label)
    if (fault === undefined || fault.verb !== 'drop' || run.looked.has(fault.to)) return undefined
    const node = run.nodes.get(fault.to)
    const at = node?.labels.indexOf(label) ?? -1
    if (node === undefined || at < 0) return undefined
    const got = node.got.toSpliced(at, 1)
    if (this.#gave.get(keyOf(fault.to, got)) !== node.gave) return undefined
    const nodes = new Map(run.nodes)
    nodes.set(fault.to, { got, labels: node.labels.toSpliced(at, 1), gave: node.gave })
    return { ...run, nodes }
  }

  /**
   * True where that crash comes right behind a message of the same node that is lost: its end before that message is
   * the same run with a fault less.
   */
  crashedBefore(run: SeenRun, lost: readonly string[], label: string): boolean {
    const fault = readFaultLabel(label)
    if (fault === undefined || fault.verb !== 'crash') return false
    const at = run.asked.indexOf(label)
    const before = readFaultLabel(run.asked[at - 1] ?? '')
    if (before === undefined || before.verb !== 'drop' || before.from !== fault.from) return false
    if (!lost.includes(dropLabel(before)) || run.asked[at - 2] !== crashLabel(before)) return false
    const apartUs = (run.askedUs[at] ?? 0) - (run.askedUs[at - 1] ?? 0)
    return apartUs <= STEP_US
  }

  #number(text: string): number {
    let number = this.#numbers.get(text)
    if (number === undefined) {
      number = this.#numbers.size
      this.#numbers.set(text, number)
    }
    return number
  }
}

const UNSURE = -1

const keyOf = (node: string, got: readonly number[]): string => `${node} ${got.join(' ')}`

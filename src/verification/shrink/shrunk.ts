import { type FaultLine, printCounterexample, type Result } from '../../simulation/index.js'

/** What a failing case is made of. */
export interface CaseCounts {
  readonly operations: number
  /** Those that begin, not their ends; messages that choices lose or double and nodes that they crash among them. */
  readonly faults: number
  readonly nodes: number
  /** Messages that come out of their turn. */
  readonly deviations: number
}

/** What shrinking has left of a failing run. */
export interface Shrunk {
  /** The smallest run that was found to fail in the same way. */
  readonly result: Result
  /** The same as a counterexample file (`.cx`), which `runCounterexample` runs. */
  readonly text: string
  readonly before: CaseCounts
  readonly after: CaseCounts
  /** Runs that it took. */
  readonly executions: number
  /** `fixpoint`: nothing that can be taken away is left. Else the budget that was used up. */
  readonly ended: 'fixpoint' | 'executions' | 'seconds'
  /** Its lines, done one after the other (`runCounterexample` with `byHand`), fail too. */
  readonly byHand: boolean
  /** Why the workload itself had to stay, and no operation could be taken out; else undefined. */
  readonly kept: string | undefined
  /** For people. */
  report(): string
}

export function countsOf({ history, faults, nodes, tape }: Result): CaseCounts {
  const labels = Object.keys(tape)
  const taped = labels.filter(isFaultLabel).length
  return {
    operations: history.length,
    faults: faults.filter(isTrouble).length + taped,
    nodes: nodes.length,
    deviations: labels.length - taped,
  }
}

/** It makes something worse; the others end what was made worse. */
export const isTrouble = ({ fault, ends }: Pick<FaultLine, 'fault' | 'ends'>): boolean =>
  !ends && !ENDING.has(fault.verb)

const ENDING: ReadonlySet<string> = new Set(['heal', 'restart', 'resume', 'resolve_all'])

/** A choice that is a fault, not an order of messages. */
export const isFaultLabel = (label: string): boolean => /^(drop|duplicate|crash) /.test(label)

/** `ops 50 → 5, faults 9 → 1, nodes 5 → 3, deviations 31 → 1` */
export function countsText(before: CaseCounts, after: CaseCounts): string {
  const parts = [
    ['ops', before.operations, after.operations],
    ['faults', before.faults, after.faults],
    ['nodes', before.nodes, after.nodes],
    ['deviations', before.deviations, after.deviations],
  ] as const
  return parts.map(([what, from, to]) => `${what} ${from} → ${to}`).join(', ')
}

export function shrunkOf(facts: Omit<Shrunk, 'text' | 'after' | 'report'>): Shrunk {
  const { result, before, executions, ended, byHand, kept } = facts
  const text = printCounterexample(result)
  const after = countsOf(result)
  return {
    ...facts,
    text,
    after,
    report() {
      const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#!'))
      const said = [
        `${result.scenario}: ${result.error?.message.split('\n')[0]}`,
        `  ${countsText(before, after)}`,
        `  in ${executions} runs${ended === 'fixpoint' ? '' : `; ended by the budget of ${ended}`}`,
      ]
      if (kept !== undefined) said.push(`  the workload stays as it is: ${kept}`)
      said.push(...lines.map((line) => `    ${line}`))
      if (byHand) said.push('  it also fails line by line, without the lines for the machine')
      return said.join('\n')
    },
  }
}

import { readFileSync } from 'node:fs'
import { twoPhaseCommit } from '../../../examples/protocols/two-phase-commit.js'
import impatient from '../../../examples/scenarios/impatient.js'
import { runCounterexample, simulate, type Trace } from '../../../src/simulation/index.js'
import { diagramPicture } from '../../../src/verification/index.js'

const TWICE = new URL('../../../examples/counterexamples/twice.cx', import.meta.url)

/** The diagrams of the documentation, by the names of their files. */
export const picturesOf: Readonly<Record<string, () => Promise<string>>> = {
  async 'twice.svg'() {
    const text = readFileSync(TWICE, 'utf8')
    const options = { file: 'twice.cx', trace: 'memory' } as const
    const { result } = await runCounterexample(text, impatient, options)
    return diagramPicture(result.trace as Trace)
  },
  async 'lost-commit.svg'() {
    const tape = { 'drop n1>n3:commit#1': 1 }
    const { trace } = await simulate(twoPhaseCommit(4), { seed: 1, tape, trace: 'memory' })
    return diagramPicture(trace as Trace)
  },
}

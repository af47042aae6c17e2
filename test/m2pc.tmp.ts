import { twoPhaseCommit } from '../examples/protocols/two-phase-commit.js'
import { simulate, faultModels, type ChoiceSource } from '../src/simulation/index.js'
const s = { ...twoPhaseCommit(4), faults: faultModels.loss(0.5) }
const labels: string[] = []
const src: ChoiceSource = { choose: (l) => (labels.push(l), 0) }
const r = await simulate(s, { choices: src })
console.log(r.verdict, r.error?.message, r.events, labels)
const t0 = performance.now(); const N = 3000
const c0 = process.cpuUsage()
for (let i = 0; i < N; i++) { const set = new Set(labels.filter((_, k) => (i >> k) & 1)); await simulate(s, { choices: { choose: (l) => (set.has(l) ? 1 : 0) } }) }
const c = process.cpuUsage(c0)
console.log('ms per execution', (performance.now() - t0) / N, 'cpu', (c.user + c.system) / 1000 / N)
process.exit(0)

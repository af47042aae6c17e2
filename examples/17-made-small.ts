// A failing run made small: what is left of twenty operations and some faults, and of what a model assumed.
import { simulate } from 'troupe/simulation'
import { shrink } from 'troupe/verification'
import { allOrNothing, alwaysAnswered, honestNodes } from './protocols/kv-models.js'

for (const { scenario } of [alwaysAnswered, allOrNothing, honestNodes]) {
  let run = await simulate(scenario, { seed: 20 })
  for (let seed = 21; run.verdict === 'ok'; seed++) run = await simulate(scenario, { seed })
  const { text } = await shrink(scenario, run, { keep: ['nodes'] })
  console.log(`not so: ${run.check}`)
  console.log(text.replace(/^#!.*\n/gm, '').trim()) // without what replays it to the bit
}

// Output:
// not so: every write is answered
// fault partition { n1 } { n2 n3 }
// n1 write x 1 : TIMEOUT
// not so: all or nothing
// fault partition { n1 } { n2 n3 }
// n1 write x 1 : TIMEOUT
// fault heal
// n1 read x : FAIL, {null, 1}
// not so: nodes are honest
// n1 write x 1 : OK
// fault byzantine n2 bitflip
// n1 read x : FAIL, {1, 5}

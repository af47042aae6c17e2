import { assert } from 'chai'
import { seeds } from '../seeds.js'
import { Ledger, Observer } from './actors.js'
import { outcomeOf } from './environment.js'

import { Simulated } from './simulated.js'
import { trouble } from './trouble.js'

/** Whole nodes with something of everything, and what came of it. */
async function run(seed: number | string): Promise<string> {
  const env = new Simulated(seed)
  const names = ['a', 'b', 'c']
  const [a] = await env.cluster(names, { channels: { bulk: { connections: 3 } } })
  const made = env.subject('b').node.spawn(Ledger, undefined, { name: 'ledger' })
  const observer = a?.node.spawn(Observer)
  const ledger = a?.node.lookup(Ledger, 'ledger', { on: 'b' })
  observer?.tell.follow(made)
  const outcomes: Promise<string>[] = []
  await trouble(env, names, {
    steps: 20,
    during: (step) => {
      ledger?.with({ channel: 'bulk', partitionKey: step }).tell.write(step)
      if (ledger !== undefined) outcomes.push(outcomeOf(ledger.ask.record(step)))
    },
  })
  const settled = await env.complete(Promise.all(outcomes))
  const entries = await env.complete(made.ask.entries())
  await env.close()
  return `${env.sim.hash} ${env.sim.events} events, ${settled}, ${entries}`
}

describe('whole nodes in a simulation', () => {
  for (const seed of seeds(4)) {
    it(`do the same for the same seed, event by event [SEED=${seed}]`, async () => {
      assert.strictEqual(await run(seed), await run(seed))
    })
  }
})

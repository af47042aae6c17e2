import { assert } from 'chai'
import { simulate } from '../../src/simulation/index.js'
import soak from './soak-scenario.js'

describe('the soak of whole nodes', () => {
  const seeds: [seed: string, what: string][] = [
    [
      '591809/4135',
      'an order taken of a node that had not heard of the session, forgotten, taken again',
    ],
  ]
  for (const [seed, what] of seeds) {
    it(`passes with a seed that once failed: ${what} [SEED=${seed}]`, async () => {
      const { verdict, error } = await simulate(soak, { seed })
      assert.equal(verdict, 'ok', error?.message)
    })
  }
})

import { assert } from 'chai'
import {
  printCounterexample,
  type Result,
  runCounterexample,
} from '../../../src/simulation/index.js'
import { pos, shrink } from '../../../src/verification/index.js'
import { EDITS, storeOf, UNEDITED } from './edited-stores.js'
import { found } from './found.js'

/** Of ten edits, those after which a counterexample still fails in the same way. */
const LEAST = 8

describe('a counterexample of code that has been edited since', () => {
  let failing: Result

  before(async () => {
    failing = await found(storeOf(UNEDITED), [pos()])
  })

  async function stillFailing(text: string): Promise<string[]> {
    assert.lengthOf(Object.keys(EDITS), 10)
    const edits: string[] = []
    for (const [edit, storeClass] of Object.entries(EDITS)) {
      const { outcome, changed } = await runCounterexample(text, storeOf(storeClass))
      assert.isTrue(changed, edit)
      if (outcome === 'asRecorded' || outcome === 'sameFailure') edits.push(edit)
    }
    return edits
  }

  it('still fails when it was shrunk', async () => {
    const { text } = await shrink(storeOf(UNEDITED), failing)
    const edits = await stillFailing(text)
    assert.isAtLeast(edits.length, LEAST, edits.join(', '))
  })

  it('still fails as it was found', async () => {
    const edits = await stillFailing(printCounterexample(failing))
    assert.isAtLeast(edits.length, LEAST, edits.join(', '))
  })
})

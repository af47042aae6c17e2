import { assert } from 'chai'
import { WaitingLines } from '../../src/node/waiting-lines.js'
import type { Fate } from '../../src/peer/passage.js'

const DROP: Fate = { copies: 0, args: undefined }

/** A fate that is decided by hand. */
function later(): { fate: Promise<Fate | undefined>; decide(fate: Fate | undefined): void } {
  let decide: (fate: Fate | undefined) => void = () => {}
  const fate = new Promise<Fate | undefined>((resolve) => {
    decide = resolve
  })
  return { fate, decide: (known) => decide(known) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('lines of messages that wait', () => {
  it('keep the order of each, and do not wait for one another', async () => {
    const lines = new WaitingLines()
    const gone: string[] = []
    const go = (name: string) => (fate: Fate | undefined) => {
      gone.push(fate === undefined ? name : `${name} dropped`)
    }
    const [one, two] = [later(), later()]
    lines.push('a', one.fate, go('one'))
    lines.push('a', two.fate, go('two'))
    lines.push('a', undefined, go('three'))
    lines.push('b', undefined, go('other'))
    assert.deepEqual([lines.busy('a'), lines.busy('b')], [true, false])
    two.decide(DROP)
    await turn()
    assert.deepEqual(gone, ['other'])
    one.decide(undefined)
    await turn()
    assert.deepEqual(gone, ['other', 'one', 'two dropped', 'three'])
    assert.isFalse(lines.busy('a'))
  })

  it('hold no more than 10,000: then the first goes on as it is', async () => {
    const lines = new WaitingLines()
    const gone: number[] = []
    const first = later()
    lines.push('a', first.fate, (fate) => {
      assert.isUndefined(fate)
      gone.push(0)
    })
    const never = new Promise<undefined>(() => {})
    for (let i = 1; i <= 10_001; i++) lines.push('a', never, () => gone.push(i))
    assert.deepEqual(gone, [0, 1])
    first.decide(DROP)
    await turn()
    assert.deepEqual(gone, [0, 1])
  })
})

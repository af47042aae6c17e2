import { assert } from 'chai'
import { Definition } from '../../src/actor/definition.js'
import { Addressees } from '../../src/remote/addressees.js'

const definition = Definition.fromTable('arena/match', ['join', 'play'])
const incarnation = '01ARZ3NDEKTSV4RRFFQ69G5FAV'

describe('addressees', () => {
  it('say the type of a receiver and the name of a method by its index there', () => {
    const addressees = new Addressees()
    addressees.remember({ incarnation, definition, to: 7, wires: [4, 2] })
    const about = (to: number | string, method: number | string) =>
      addressees.describe(incarnation, to, method)
    assert.deepEqual(about(7, 2), { type: 'arena/match', method: 'play' })
    assert.deepEqual(about(7, 'join'), { type: 'arena/match', method: 'join' })
    assert.deepEqual(about(7, 9), { type: 'arena/match', method: '9' })
    assert.deepEqual(about('7', 2), { type: '?', method: '2' })
    assert.deepEqual(addressees.describe('another', 7, 2), { type: '?', method: '2' })
  })

  it('keep what they know better, and forget the oldest', () => {
    const addressees = new Addressees()
    addressees.remember({ incarnation, definition, to: 1, wires: [0, 1] })
    addressees.remember({ incarnation, definition, to: 1, wires: undefined })
    assert.strictEqual(addressees.describe(incarnation, 1, 1).method, 'play')
    for (let to = 2; to < 10_010; to++) {
      addressees.remember({ incarnation, definition, to, wires: undefined })
    }
    assert.strictEqual(addressees.describe(incarnation, 1, 1).type, '?')
    assert.strictEqual(addressees.describe(incarnation, 10_009, 1).type, 'arena/match')
  })
})

import { assert } from 'chai'
import { EventLine } from '../../src/cluster/event-line.js'

describe('event line', () => {
  it('ends a step before it takes what came up meanwhile, and says who was the first', () => {
    const told: string[] = []
    const line = new EventLine<string>((event) => {
      told.push(`${event} begins`)
      if (event === 'a') told.push(`b waits: ${!line.feed('b')}`)
      told.push(`${event} ends`)
    })
    assert.isTrue(line.feed('a'))
    assert.deepEqual(told, ['a begins', 'b waits: true', 'a ends', 'b begins', 'b ends'])
  })

  it('goes on after an event whose handling threw', () => {
    const told: string[] = []
    const line = new EventLine<string>((event) => {
      if (event === 'bad') throw new Error('oops')
      told.push(event)
    })
    assert.throws(() => line.feed('bad'), 'oops')
    assert.isTrue(line.feed('good'))
    assert.deepEqual(told, ['good'])
  })

  it('drops what waits when it is stopped, and takes nothing more', () => {
    const told: string[] = []
    const line = new EventLine<string>((event) => {
      told.push(event)
      line.feed('later')
      line.stop()
    })
    line.feed('now')
    assert.isFalse(line.feed('after'))
    assert.deepEqual(told, ['now'])
  })
})

import { assert } from 'chai'
import { cyclon } from '../../src/overlay/cyclon.js'
import { cyclonWire } from '../../src/overlay/cyclon-message.js'
import { hiscamp } from '../../src/overlay/hiscamp.js'
import { hiscampWire } from '../../src/overlay/hiscamp-message.js'
import { GONE } from '../../src/overlay/one-sided-message.js'
import type { Member } from '../../src/overlay/overlay.js'
import { scampWire } from '../../src/overlay/scamp-message.js'
import { scampV1 } from '../../src/overlay/scamp-v1.js'
import { scampV2 } from '../../src/overlay/scamp-v2.js'
import { LoneCore, memberFor, wireFor } from './lone-core.js'

const [a, b, c] = [memberFor('a'), memberFor('b'), memberFor('c')]

/** A core that knows a and b, and heard from b that it left. */
function leftBy(core: LoneCore): LoneCore {
  for (const peer of [a, b]) {
    core.up(peer)
    core.step({ type: 'join', contact: peer })
  }
  core.says(b, GONE)
  assert.notInclude(names(core), 'b')
  return core
}

const names = ({ overlay }: LoneCore): string[] => overlay.members().map(({ name }) => name)

const entries = (...members: Member[]) => members.map((member) => ({ member, age: 0 }))

const say = (core: LoneCore, from: Member, body: unknown) =>
  core.step({ type: 'message', from, body })

/** How each overlay tells of b as of one more that a has in a view, and that it asks to be let in. */
const WORDS = [
  {
    overlay: 'cyclon',
    make: () => cyclon(),
    hearsay: cyclonWire.shuffle(1, entries(a, b)),
    request: cyclonWire.walk(wireFor(b), 1),
    own: cyclonWire.link(),
  },
  {
    overlay: 'scampV1',
    make: () => scampV1(),
    hearsay: scampWire.replace(b, false),
    request: scampWire.forward(wireFor(b), 0),
    own: scampWire.ping(),
  },
  {
    overlay: 'scampV2',
    make: () => scampV2(),
    hearsay: scampWire.replace(b, false),
    request: scampWire.forward(wireFor(b), 0),
    own: scampWire.ping(),
  },
]

describe('views that are not symmetric', () => {
  for (const { overlay, make, hearsay, request, own } of WORDS) {
    it(`${overlay}: who left is not taken at the word of others that still have it`, () => {
      const core = leftBy(new LoneCore(make()))
      say(core, a, hearsay)
      assert.notInclude(names(core), 'b')
    })

    it(`${overlay}: who left is back by its own word, or when its request is passed on`, () => {
      const byItself = leftBy(new LoneCore(make()))
      say(byItself, b, own)
      assert.include(names(byItself), 'b')
      const byRequest = leftBy(new LoneCore(make()))
      say(byRequest, a, request)
      assert.include(names(byRequest), 'b')
    })

    it(`${overlay}: after some rounds others are believed again`, () => {
      const core = leftBy(new LoneCore(make()))
      for (let round = 0; round < 31; round++) core.fires('round')
      core.step({ type: 'join', contact: a })
      say(core, a, hearsay)
      assert.include(names(core), 'b')
    })
  }

  it('a node that left comes back for a newcomer, and not for a member that renews its own place', () => {
    for (const make of [scampV1, scampV2]) {
      const core = leftBy(new LoneCore(make()))
      core.step({ type: 'leave', name: 'me' })
      say(core, a, scampWire.subscribe(5))
      assert.deepEqual(core.sentTo('a'), [[GONE]])
      assert.isTrue(core.overlay.snapshot()['out'])
      say(core, c, scampWire.subscribe())
      assert.isFalse(core.overlay.snapshot()['out'])
    }
  })

  it('hiscamp: a node that left comes back for who asks it first, not for a search passed on to it', () => {
    const core = new LoneCore(hiscamp({ distance: () => 0 }))
    core.up(a)
    core.step({ type: 'join', contact: a })
    core.step({ type: 'leave', name: 'me' })
    say(core, a, hiscampWire.seek(wireFor(c), 15))
    assert.isTrue(core.overlay.snapshot()['out'])
    say(core, c, hiscampWire.seek(wireFor(c), 16))
    assert.isFalse(core.overlay.snapshot()['out'])
  })
})

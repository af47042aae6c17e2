import { assert } from 'chai'
import { TroupeError } from '../../src/base/errors.js'
import {
  type DetectorEffect,
  type DetectorEvent,
  FailureDetector,
} from '../../src/cluster/failure-detector.js'
import type { Member } from '../../src/overlay/overlay.js'
import { incarnationFor } from '../overlay/core-network.js'

const member = (name: string, generation = 1): Member => ({
  name,
  incarnation: incarnationFor(generation),
  generation,
  addresses: [],
  tags: [],
})

const b = member('b')
const newer = member('b', 2)
const lost = new TroupeError('ERR_CONNECTION_LOST', 'it broke')
const up = (peer: Member): DetectorEvent => ({ type: 'peerUp', peer })
const down = (peer: Member): DetectorEvent => ({ type: 'peerDown', peer, reason: lost })
const joined = (node: Member): DetectorEvent => ({ type: 'memberJoined', member: node })
const left = (node: Member, reason: 'left' | 'replaced' | 'evicted' = 'left'): DetectorEvent => ({
  type: 'memberLeft',
  member: node,
  reason,
})
const goodbye = (peer: Member): DetectorEvent => ({ type: 'goodbye', peer })
const heard = (peer: Member): DetectorEvent => ({ type: 'heard', peer })
const timer: DetectorEvent = { type: 'timer', peer: 'b' }

function lineOf(effect: DetectorEffect): string {
  switch (effect.type) {
    case 'startTimer':
      return `start ${effect.delayMs}`
    case 'cancelTimer':
      return 'cancel'
    case 'nodeUp':
      return `up ${effect.node.generation}${effect.again ? ' again' : ''}`
    case 'nodeDown':
      return `down ${effect.node.generation} ${effect.reason.code}`
    default:
      return effect.type
  }
}

/** Which events it takes to be down, and to be so no more. */
const downAfter = (events: readonly DetectorEvent[]): boolean[] => {
  const detector = new FailureDetector(2_000)
  return events.map((event) => {
    detector.step(event)
    return detector.isDown('b')
  })
}

const run = (events: readonly DetectorEvent[]): string[] => {
  const detector = new FailureDetector(2_000)
  return events.flatMap((event) => detector.step(event)).map(lineOf)
}

describe('failure detector', () => {
  it('keeps a connected node up that dropped out of a view, and forgets one that was not connected', () => {
    const forgotten: DetectorEvent = { type: 'memberLeft', member: b, reason: 'forgotten' }
    assert.deepEqual(run([joined(b), up(b), forgotten]), ['up 1'])
    assert.deepEqual(run([joined(b), up(b), forgotten, down(b), timer]), [
      'up 1',
      'start 2000',
      'cancel',
      'down 1 ERR_NODE_DOWN',
    ])
    const detector = new FailureDetector(2_000)
    for (const event of [joined(b), forgotten]) detector.step(event)
    assert.equal(detector.size, 0)
  })

  it('calls down who was up and was given up, until it is up again', () => {
    for (const [events, isDown] of [
      [[joined(b)], [false]],
      [
        [joined(b), up(b), down(b), timer, up(b)],
        [false, false, false, true, false],
      ],
      [
        [joined(b), up(b), goodbye(b), down(b), joined(newer)],
        [false, false, false, true, false],
      ],
      [
        [joined(b), up(b), down(b), timer, left(b)],
        [false, false, false, true, false],
      ],
    ] as const) {
      assert.deepEqual(downAfter(events), [...isDown])
    }
  })

  const cases: readonly (readonly [string, readonly DetectorEvent[], readonly string[]])[] = [
    ['a connected stranger is not up', [up(b)], []],
    ['a member that is not connected is not up', [joined(b)], []],
    ['a connected member is up', [up(b), joined(b)], ['up 1']],
    ['a member that connects is up', [joined(b), up(b)], ['up 1']],
    ['a connected stranger that was heard is up', [up(b), heard(b), joined(b)], ['up 1']],
    ['who is heard without a connection is not up', [heard(b)], []],
    ['a lost connection starts the clock', [joined(b), up(b), down(b)], ['up 1', 'start 2000']],
    [
      'nothing comes back: down',
      [joined(b), up(b), down(b), timer],
      ['up 1', 'start 2000', 'cancel', 'down 1 ERR_NODE_DOWN'],
    ],
    [
      'it comes back in time: reached again, never down',
      [joined(b), up(b), down(b), up(b)],
      ['up 1', 'start 2000', 'cancel', 'up 1 again'],
    ],
    [
      'a timer that fires after it came back changes nothing',
      [joined(b), up(b), down(b), up(b), timer],
      ['up 1', 'start 2000', 'cancel', 'up 1 again'],
    ],
    [
      'it comes back later: up once more',
      [joined(b), up(b), down(b), timer, up(b)],
      ['up 1', 'start 2000', 'cancel', 'down 1 ERR_NODE_DOWN', 'up 1'],
    ],
    [
      'a goodbye: down with the connection',
      [joined(b), up(b), goodbye(b), down(b)],
      ['up 1', 'down 1 ERR_NODE_DOWN'],
    ],
    [
      'a goodbye of an earlier connection is forgotten',
      [joined(b), up(b), goodbye(b), down(b), up(b), down(b)],
      ['up 1', 'down 1 ERR_NODE_DOWN', 'up 1', 'start 2000'],
    ],
    ['it leaves: down at once', [joined(b), up(b), left(b)], ['up 1', 'down 1 ERR_LEFT']],
    [
      'it left and still talks: that does not bring it back',
      [joined(b), up(b), left(b), heard(b)],
      ['up 1', 'down 1 ERR_LEFT'],
    ],
    [
      'it leaves while out of reach: down once',
      [joined(b), up(b), down(b), left(b), timer],
      ['up 1', 'start 2000', 'cancel', 'down 1 ERR_LEFT'],
    ],
    ['it is evicted', [joined(b), up(b), left(b, 'evicted')], ['up 1', 'down 1 ERR_NODE_DOWN']],
    [
      'a newer incarnation of a member connects: the older is down and the newer up, at once',
      [joined(b), up(b), down(b), up(newer)],
      ['up 1', 'start 2000', 'cancel', 'down 1 ERR_NODE_DOWN', 'up 2'],
    ],
    [
      'a newer incarnation that left is no heir any more',
      [joined(b), up(newer), joined(newer), left(newer), up(newer)],
      ['up 2', 'down 2 ERR_LEFT'],
    ],
    [
      'a newer incarnation of one that left connects: it is not up before it joins',
      [joined(b), up(b), left(b), up(newer)],
      ['up 1', 'down 1 ERR_LEFT'],
    ],
    [
      'a newer incarnation joins: the older is down, the newer up when connected',
      [joined(b), up(b), down(b), up(newer), left(b, 'replaced'), joined(newer)],
      ['up 1', 'start 2000', 'cancel', 'down 1 ERR_NODE_DOWN', 'up 2'],
    ],
    [
      'news of an older incarnation is nothing',
      [joined(newer), up(newer), up(b), down(b), joined(b), left(b), goodbye(b)],
      ['up 2'],
    ],
  ]
  for (const [what, events, expected] of cases) {
    it(what, () => assert.deepEqual(run(events), expected))
  }

  it('keeps the reason of the loss as the cause', () => {
    const detector = new FailureDetector(2_000)
    for (const event of [joined(b), up(b), down(b)]) detector.step(event)
    const effect = detector.step(timer).at(-1)
    assert.equal(effect?.type === 'nodeDown' && effect.reason.cause, lost)
  })

  it('forgets who is neither member nor connected', () => {
    const detector = new FailureDetector(2_000)
    for (let i = 0; i < 100; i++) {
      const peer = member(`p${i}`)
      detector.step(up(peer))
      if (i % 2 === 0) detector.step(heard(peer))
      detector.step(down(peer))
      detector.step({ type: 'timer', peer: peer.name })
    }
    for (const event of [up(b), joined(b), left(b), down(b)]) detector.step(event)
    assert.equal(detector.size, 0)
  })
})

import { assert } from 'chai'
import type { ExitReason } from '../../src/actor/exit-reason.js'
import { silentLogger } from '../../src/base/logger.js'
import {
  noPlacement,
  type PlacedCopy,
  Placements,
  type RemotePlacement,
} from '../../src/supervision/placement.js'
import type { Place } from '../../src/supervision/relocation.js'
import { place, view } from './core-script.js'

class FakeRemote implements RemotePlacement {
  readonly stopped: string[] = []
  reachable: Place[] = []
  answer = true
  view = () => ({ ...view(), reachable: this.reachable })
  start = noPlacement(place('me')).start
  restart = noPlacement(place('me')).restart
  finish = () => {}
  seek = () => {}
  stop(copy: PlacedCopy, _reason: ExitReason): Promise<boolean> {
    this.stopped.push(`${copy.id}#${copy.number}`)
    return Promise.resolve(this.answer)
  }
}

const copy = (number: number, at = place('b')): PlacedCopy => ({
  owner: 'O',
  id: 'a',
  number,
  place: at,
})

describe('placements', () => {
  it('ends the older copy on contact', async () => {
    const remote = new FakeRemote()
    const placements = new Placements(remote, silentLogger)
    placements.abandon(copy(1))
    assert.deepEqual(remote.stopped, [], 'out of contact')
    placements.nodeUp(place('b'))
    await Promise.resolve()
    assert.deepEqual(remote.stopped, ['a#1'])
    assert.isEmpty(placements.abandoned)
  })

  it('tries again at the next contact when the node is lost once more', async () => {
    const remote = new FakeRemote()
    remote.answer = false
    const placements = new Placements(remote, silentLogger)
    placements.abandon(copy(1))
    placements.nodeUp(place('b'))
    await Promise.resolve()
    placements.nodeUp(place('b'))
    await Promise.resolve()
    assert.deepEqual(remote.stopped, ['a#1', 'a#1'])
    assert.lengthOf(placements.abandoned, 1)
  })

  it('ends a copy at once whose node is in contact', async () => {
    const remote = new FakeRemote()
    remote.reachable = [place('b')]
    new Placements(remote, silentLogger).abandon(copy(1))
    assert.deepEqual(remote.stopped, ['a#1'])
  })

  it('forgets copies on an incarnation of a node that a newer one replaced', () => {
    const remote = new FakeRemote()
    const placements = new Placements(remote, silentLogger)
    placements.abandon(copy(1))
    placements.nodeUp(place('b', '2'))
    assert.deepEqual(remote.stopped, [])
    assert.isEmpty(placements.abandoned)
  })

  it('remembers 10,000 copies at most', () => {
    const placements = new Placements(new FakeRemote(), silentLogger)
    for (let i = 1; i <= 10_001; i++) placements.abandon(copy(i))
    assert.lengthOf(placements.abandoned, 10_000)
    assert.equal(placements.abandoned[0]?.number, 2)
  })
})

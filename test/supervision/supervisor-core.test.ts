import { assert } from 'chai'
import { dynamic, oneForAll, oneForOne, restForOne } from '../../src/supervision/strategies.js'
import { CoreScript, CRASH, NORMAL, place, SHUTDOWN, spec, view } from './core-script.js'

const abc = () => [spec('a'), spec('b'), spec('c')]

describe('supervisor core: start and end', () => {
  it('starts each child only when the one before has started', () => {
    const it = new CoreScript(oneForOne(), abc())
    assert.deepEqual(it.do({ type: 'start' }), ['start a'])
    assert.deepEqual(it.started('a'), ['start b'])
    assert.deepEqual(it.started('b'), ['start c'])
    assert.deepEqual(it.started('c'), ['started'])
    assert.equal(it.children, 'a:running b:running c:running')
  })

  it('stops what has started in reverse order when a start fails, then fails its own start', () => {
    const it = new CoreScript(oneForOne(), abc())
    it.do({ type: 'start' })
    it.started('a')
    it.started('b')
    assert.deepEqual(it.startFailed('c'), ['stop b'])
    assert.deepEqual(it.stopped('b'), ['stop a'])
    assert.deepEqual(it.stopped('a'), ['startFailed c'])
  })

  it('stops the children one by one in reverse order', () => {
    const it = new CoreScript(oneForOne(), abc()).up()
    assert.deepEqual(it.do({ type: 'stopRequested', reason: SHUTDOWN }), ['stop c'])
    assert.deepEqual(it.stopped('c'), ['stop b'])
    assert.deepEqual(it.stopped('b'), ['stop a'])
    assert.deepEqual(it.stopped('a'), ['end shutdown'])
  })

  it('abandons a start that is under way when it is told to stop', () => {
    const it = new CoreScript(oneForOne(), abc())
    it.do({ type: 'start' })
    it.started('a')
    assert.deepEqual(it.do({ type: 'stopRequested', reason: SHUTDOWN }), ['stop b'])
    assert.deepEqual(it.started('b'), [], 'too late')
    assert.deepEqual(it.stopped('b'), ['stop a'])
    assert.deepEqual(it.stopped('a'), ['end shutdown'])
  })

  it('finishes a sibling that is being stopped for a restart when it is told to stop meanwhile', () => {
    const it = new CoreScript(oneForAll(), abc()).up()
    assert.deepEqual(it.ended('a'), ['hold c'])
    assert.deepEqual(it.do({ type: 'stopRequested', reason: SHUTDOWN }), [])
    assert.deepEqual(it.stopped('c'), ['finish c', 'stop b'])
    assert.deepEqual(it.stopped('b'), ['finish a', 'end shutdown'])
  })

  it('hands each child its own deadline', () => {
    const specs = [
      spec('a', { shutdownMs: 0 }),
      spec('b', { shutdownMs: Number.POSITIVE_INFINITY }),
    ]
    const it = new CoreScript(oneForOne(), specs).up()
    const [b] = it.core.step({ type: 'stopRequested', reason: SHUTDOWN }, 0)
    assert.deepInclude(b, { type: 'stop', id: 'b', deadlineMs: Number.POSITIVE_INFINITY })
    const [a] = it.core.step({ type: 'childStopped', id: 'b', run: it.run('b') }, 0)
    assert.deepInclude(a, { type: 'stop', id: 'a', deadlineMs: 0 })
  })

  it('stops the children of a dynamic supervisor all at once', () => {
    const it = new CoreScript(dynamic()).up()
    for (const id of ['a', 'b', 'c']) it.settle({ type: 'startChild', call: 1, spec: spec(id) })
    const stops = it.do({ type: 'stopRequested', reason: SHUTDOWN })
    assert.deepEqual(stops, ['stop c', 'stop b', 'stop a'])
    assert.deepEqual([...it.stopped('b'), ...it.stopped('a')], [])
    assert.deepEqual(it.stopped('c'), ['end shutdown'])
  })

  it('refuses calls, those that waited too, once it ends', () => {
    const it = new CoreScript(oneForOne(), abc()).up()
    assert.deepEqual(it.do({ type: 'startChild', call: 1, spec: spec('d') }), ['start d'])
    assert.deepEqual(it.do({ type: 'terminateChild', call: 2, id: 'a' }), [])
    assert.deepEqual(it.do({ type: 'stopRequested', reason: SHUTDOWN }), [
      'reply 1 ERR_STOPPED',
      'reply 2 ERR_STOPPED',
      'stop d',
    ])
    assert.deepEqual(it.do({ type: 'deleteChild', call: 3, id: 'a' }), ['reply 3 ERR_STOPPED'])
  })
})

describe('supervisor core: restarts', () => {
  it('restarts the failed child alone under oneForOne', () => {
    const it = new CoreScript(oneForOne(), abc()).up()
    assert.deepEqual(it.settle({ type: 'childEnded', id: 'b', run: 2, reason: CRASH }), [
      'restart b',
    ])
  })

  it('stops the siblings in reverse and starts all in order under oneForAll', () => {
    const it = new CoreScript(oneForAll(), abc()).up()
    assert.deepEqual(it.settle({ type: 'childEnded', id: 'b', run: 2, reason: CRASH }), [
      'hold c',
      'hold a',
      'restart a',
      'restart b',
      'restart c',
    ])
  })

  it('takes only the later ones along under restForOne', () => {
    const it = new CoreScript(restForOne(), abc()).up()
    assert.deepEqual(it.settle({ type: 'childEnded', id: 'b', run: 2, reason: CRASH }), [
      'hold c',
      'restart b',
      'restart c',
    ])
  })

  it('drops temporary siblings and never starts them again', () => {
    const specs = [spec('a'), spec('t', { restart: 'temporary' }), spec('c')]
    const it = new CoreScript(oneForAll(), specs).up()
    const effects = it.settle({ type: 'childEnded', id: 'a', run: 1, reason: CRASH })
    assert.deepEqual(effects, ['hold c', 'stop t', 'forget t', 'restart a', 'restart c'])
    assert.equal(it.children, 'a:running c:running')
  })

  it('starts a sibling that had ended before along with the others, as OTP does', () => {
    const it = new CoreScript(oneForAll(), [spec('a'), spec('b', { restart: 'transient' })]).up()
    it.ended('b', NORMAL)
    assert.equal(it.children, 'a:running b:stopped')
    it.settle({ type: 'childEnded', id: 'a', run: 1, reason: CRASH })
    assert.equal(it.children, 'a:running b:running')
  })

  it('gives up at one restart more than maxRestarts: children stopped in reverse, end by ERR_RESTART_INTENSITY', () => {
    const it = new CoreScript(oneForOne({ maxRestarts: 2, withinMs: 1_000 }), abc()).up()
    for (let i = 0; i < 2; i++)
      it.settle({ type: 'childEnded', id: 'b', run: it.run('b'), reason: CRASH })
    const last = it.settle({ type: 'childEnded', id: 'b', run: it.run('b'), reason: CRASH })
    assert.deepEqual(last, ['stop c', 'finish b', 'stop a', 'end ERR_RESTART_INTENSITY'])
  })

  it('forgets restarts older than withinMs', () => {
    const it = new CoreScript(oneForOne({ maxRestarts: 1, withinMs: 1_000 }), [spec('a')]).up()
    for (let i = 0; i < 10; i++) {
      it.nowMs += 1_001
      const effects = it.settle({ type: 'childEnded', id: 'a', run: it.run('a'), reason: CRASH })
      assert.deepEqual(effects, ['restart a'])
    }
  })

  it('counts a restart that fails to start as one more failure and tries again', () => {
    const it = new CoreScript(oneForOne({ maxRestarts: 2 }), [spec('a')]).up()
    assert.deepEqual(it.ended('a'), ['restart a'])
    assert.deepEqual(it.startFailed('a'), ['tryAgain a'])
    assert.equal(it.children, 'a:restarting')
    assert.deepEqual(it.tryAgain('a'), ['restart a'])
    assert.deepEqual(it.startFailed('a'), ['tryAgain a'])
    assert.deepEqual(it.tryAgain('a'), ['finish a', 'end ERR_RESTART_INTENSITY'])
  })

  it('goes on from the child that failed to start under restForOne', () => {
    const it = new CoreScript(restForOne({ maxRestarts: 5 }), abc()).up()
    it.ended('a')
    it.stopped('c')
    it.stopped('b')
    it.started('a')
    assert.deepEqual(it.startFailed('b'), ['tryAgain b'])
    assert.equal(it.children, 'a:running b:restarting c:stopped')
    assert.deepEqual(it.tryAgain('b'), ['restart b'])
    assert.deepEqual(it.started('b'), ['restart c'])
  })

  it('serves calls between two attempts of a restart that keeps failing', () => {
    const it = new CoreScript(oneForOne({ maxRestarts: 9 }), [spec('a')]).up()
    it.ended('a')
    it.startFailed('a')
    assert.deepEqual(it.do({ type: 'terminateChild', call: 1, id: 'a' }), [
      'finish a',
      'reply 1 ok',
    ])
    assert.deepEqual(it.tryAgain('a'), [], 'the child is stopped by now')
    assert.equal(it.children, 'a:stopped')
  })

  it('lets what happens during a restart wait until it is done', () => {
    const it = new CoreScript(oneForOne({ maxRestarts: 9 }), abc()).up()
    assert.deepEqual(it.ended('a'), ['restart a'])
    assert.deepEqual(it.ended('c'), [])
    assert.deepEqual(it.do({ type: 'terminateChild', call: 1, id: 'b' }), [])
    assert.deepEqual(it.started('a'), ['restart c'])
    assert.deepEqual(it.started('c'), ['stop b'])
    assert.deepEqual(it.stopped('b'), ['reply 1 ok'])
  })

  it('does not restart twice a sibling that crashed while the others were being stopped', () => {
    const it = new CoreScript(oneForAll({ maxRestarts: 1 }), abc()).up()
    assert.deepEqual(it.ended('a'), ['hold c'])
    assert.deepEqual(it.ended('b'), [], 'crashes before its turn')
    assert.deepEqual(it.stopped('c'), ['restart a'], 'b needs no stop any more')
    assert.deepEqual(it.started('a'), ['restart b'])
    assert.deepEqual(it.started('b'), ['restart c'])
    assert.deepEqual(it.started('c'), [], 'the crash of b does not count: it went with the others')
  })

  it('takes an end that overtakes the news of its start for what it is', () => {
    const it = new CoreScript(oneForOne(), abc())
    it.do({ type: 'start' })
    assert.deepEqual(it.ended('a'), ['start b'])
    assert.deepEqual(it.started('a'), [])
    it.started('b')
    assert.deepEqual(it.started('c'), ['started', 'restart a'])
  })

  it('takes no notice of an incarnation it has replaced', () => {
    const it = new CoreScript(oneForOne({ maxRestarts: 9 }), [spec('a')]).up()
    const old = it.run('a')
    it.settle({ type: 'childEnded', id: 'a', run: old, reason: CRASH })
    assert.deepEqual(it.do({ type: 'childEnded', id: 'a', run: old, reason: CRASH }), [])
    assert.equal(it.children, 'a:running')
  })
})

describe('supervisor core: children on other nodes', () => {
  const onB = (about = {}) => [spec('a'), spec('b', { on: 'b', ...about }), spec('c')]

  it('starts a child where it belongs and restarts it there', () => {
    const it = new CoreScript(oneForOne(), onB(), view('b', 'c'))
    assert.deepEqual(it.settle({ type: 'start' }), ['start a', 'start b@b', 'start c', 'started'])
    assert.deepEqual(it.ended('b'), ['restart b@b'])
  })

  it('moves a child to a node that is left and abandons the copy that may live on', () => {
    const it = new CoreScript(oneForOne({ maxRestarts: 0 }), onB(), view('b', 'c')).up()
    const effects = it.do({ type: 'nodeDown', place: place('b') })
    assert.deepEqual(effects, ['abandon b@b', 'start b@c'], 'and it does not count as a failure')
    it.started('b')
    assert.deepEqual(it.do({ type: 'nodeUp', place: place('b') }), [], 'it stays where it is')
  })

  it('takes the siblings along by strategy when a node is lost', () => {
    const it = new CoreScript(restForOne({ maxRestarts: 0 }), onB(), view('b')).up()
    assert.deepEqual(it.settle({ type: 'nodeDown', place: place('b') }), [
      'hold c',
      'abandon b@b',
      'start b',
      'restart c',
    ])
  })

  it('waits for the node with relocate never, and takes the same copy back when it returns', () => {
    const it = new CoreScript(oneForOne(), onB({ relocate: 'never' }), view('b', 'c')).up()
    assert.deepEqual(it.do({ type: 'nodeDown', place: place('b') }), ['retryPlaces'])
    assert.equal(it.children, 'a:running b:waiting c:running')
    assert.deepEqual(it.do({ type: 'nodeUp', place: place('b') }), ['adopt b@b'])
    assert.equal(it.children, 'a:running b:running c:running')
  })

  it('hears of an end on a node that is back, before it came to taking the child back', () => {
    const twice = oneForOne({ maxRestarts: 2 })
    const busy = new CoreScript(twice, onB({ relocate: 'never' }), view('b', 'c')).up()
    assert.deepEqual(busy.ended('a'), ['restart a'])
    busy.do({ type: 'nodeDown', place: place('b') })
    busy.do({ type: 'nodeUp', place: place('b') })
    assert.deepEqual(busy.ended('b'), ['adopt b@b'])
    assert.deepEqual(busy.started('a'), ['restart b@b'])

    const waiting = new CoreScript(twice, onB({ relocate: 'never' }), view('b', 'c')).up()
    waiting.do({ type: 'nodeDown', place: place('b') })
    assert.deepEqual(waiting.ended('a'), ['restart a'])
    waiting.do({ type: 'nodeUp', place: place('b') })
    assert.deepEqual(waiting.ended('b'), ['adopt b@b'])
    assert.deepEqual(waiting.started('a'), ['restart b@b'])
  })

  it('starts the child anew when its node returns as a new incarnation', () => {
    const it = new CoreScript(oneForOne(), onB({ relocate: 'never' }), view('b', 'c')).up()
    it.do({ type: 'nodeDown', place: place('b') })
    const effects = it.do({ type: 'nodeUp', place: place('b', '2') })
    assert.deepEqual(effects, ['abandon b@b', 'start b@b'])
  })

  it('moves with relocate majority only while more than half of the members are in sight', () => {
    const minority = new CoreScript(oneForOne(), onB({ relocate: 'majority' }), view('b', 'c')).up()
    minority.do({ type: 'nodeDown', place: place('c') })
    assert.deepEqual(minority.do({ type: 'nodeDown', place: place('b') }), ['retryPlaces'])
    assert.deepEqual(minority.do({ type: 'nodeUp', place: place('c') }), [
      'abandon b@b',
      'start b@c',
    ])
    const majority = new CoreScript(oneForOne(), onB({ relocate: 'majority' }), view('b', 'c')).up()
    assert.deepEqual(majority.do({ type: 'nodeDown', place: place('b') }), [
      'abandon b@b',
      'start b@c',
    ])
  })

  it('starts without a child that has no place yet, and starts that when its node comes', () => {
    const it = new CoreScript(oneForOne(), onB(), view())
    assert.deepEqual(it.settle({ type: 'start' }), ['start a', 'start c', 'retryPlaces', 'started'])
    assert.deepEqual(it.do({ type: 'members', view: view() }), ['retryPlaces'])
    assert.deepEqual(it.do({ type: 'members', view: view('b') }), ['start b@b'])
  })

  it('tells who asked for a child that there is no place, and keeps nothing', () => {
    const it = new CoreScript(oneForOne(), [], view()).up()
    const effects = it.do({ type: 'startChild', call: 1, spec: spec('x', { on: 'nowhere' }) })
    assert.deepEqual(effects, ['forget x', 'reply 1 ERR_NO_PLACE'])
    assert.equal(it.children, '')
  })

  it('abandons a copy whose start or stop was cut off by the loss of its node', () => {
    const it = new CoreScript(oneForOne(), [spec('b', { on: 'b' })], view('b')).up()
    it.do({ type: 'terminateChild', call: 1, id: 'b' })
    assert.deepEqual(it.stopped('b', true), ['abandon b@b', 'reply 1 ok'])
    it.do({ type: 'restartChild', call: 2, id: 'b' })
    assert.deepEqual(it.startFailed('b', true), ['abandon b@b', 'reply 2 ERR_NO_PLACE'])
  })

  it('does not hold a sibling whose node is lost while it is stopped for a restart', () => {
    const it = new CoreScript(oneForAll(), onB(), view('b')).up()
    assert.deepEqual(it.ended('a'), ['hold c'])
    assert.deepEqual(it.stopped('c'), ['hold b@b'])
    assert.deepEqual(it.do({ type: 'nodeDown', place: place('b') }), [])
    assert.deepEqual(it.stopped('b', true), ['abandon b@b', 'restart a'])
    assert.deepEqual(it.started('a'), ['start b'])
    assert.deepEqual(it.do({ type: 'stopRequested', reason: SHUTDOWN }), ['finish c', 'stop b'])
  })

  it('drops a temporary child with its node', () => {
    const it = new CoreScript(oneForOne(), onB({ restart: 'temporary' }), view('b')).up()
    assert.deepEqual(it.do({ type: 'nodeDown', place: place('b') }), ['abandon b@b', 'forget b'])
  })

  it('gives a function `on` the reachable members with the children each has', () => {
    const seen: unknown[] = []
    const on = (members: readonly { name: string; children: number }[]) => {
      seen.push(members.map(({ name, children }) => `${name}${children}`).join(' '))
      return members.find((member) => member.children === 0)?.name
    }
    const it = new CoreScript(dynamic(), [], view('a', 'b')).up()
    for (const id of ['x', 'y', 'z', 'w']) {
      it.settle({ type: 'startChild', call: 1, spec: spec(id, { on }) })
    }
    assert.deepEqual(seen, ['a0 b0 me0', 'a1 b0 me0', 'a1 b1 me0', 'a1 b1 me1'])
    assert.equal(it.children, 'x:running y:running z:running')
  })

  it('fails the start when the function `on` throws', () => {
    const on = () => {
      throw new Error('no idea')
    }
    const it = new CoreScript(oneForOne(), [spec('a'), spec('x', { on })])
    assert.deepEqual(it.settle({ type: 'start' }), ['start a', 'stop a', 'startFailed x'])
  })
})

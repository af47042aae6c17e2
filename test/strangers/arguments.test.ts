import { assert } from 'chai'
import { Actor, type ActorRef, actor, codeOf } from '../../src/index.js'
import { Ledger } from '../processes/actors.js'
import { Siege } from './siege.js'

class Point {
  readonly x = 1
}

@actor('strangers/oracle')
class Oracle extends Actor {
  prophecy(): () => void {
    return () => {}
  }

  answer(): number {
    return 42
  }
}

const cycle: { name: string; inner: { back?: unknown } } = { name: 'cycle', inner: {} }
cycle.inner.back = cycle

const deep: unknown[] = []
let innermost = deep
for (let depth = 0; depth < 200; depth++) innermost = innermost[0] = []

const holey: number[] = [1]
holey[2] = 3

/** What cannot cross the wire, and the path the error names. */
const CASES: readonly [string, unknown, RegExp][] = [
  ['a function', () => {}, /arguments\[0\] /],
  [
    'a function in an object',
    { moves: [1, { undo: () => {} }] },
    /arguments\[0\]\.moves\[1\]\.undo /,
  ],
  ['a symbol', Symbol('x'), /arguments\[0\] /],
  ['a symbol in a map', new Map([['k', [Symbol('x')]]]), /arguments\[0\]\.values\(\)\[0\]\[0\] /],
  ['a cycle', cycle, /arguments\[0\].*cycle/],
  ['a cycle below', { a: [cycle] }, /arguments\[0\]\.a\[0\].*cycle/],
  ['an instance of a class', new Point(), /arguments\[0\] .*Point/],
  ['an instance in an array', [0, new Point()], /arguments\[0\]\[1\] .*Point/],
  ['a promise', { later: Promise.resolve(1) }, /arguments\[0\]\.later .*Promise/],
  ['a WeakMap', new WeakMap(), /arguments\[0\] .*WeakMap/],
  ['an array with holes', holey, /arguments\[0\]\[1\] /],
  ['the key __proto__', JSON.parse('{"a":{"__proto__":1}}'), /arguments\[0\]\.a.*__proto__/],
  ['200 levels', deep, /arguments\[0\]/],
  [
    'a getter that throws',
    {
      get bad() {
        throw new Error('no')
      },
    },
    /arguments\[0\]\.bad /,
  ],
]

describe('An argument that cannot cross the wire', () => {
  let siege: Siege
  let ledger: ActorRef<Ledger>

  before(async () => {
    siege = await Siege.begin()
    ledger = siege.friend.lookup(Ledger, 'ledger', { on: 'node' })
  })
  afterEach(async () => {
    assert.deepEqual(await ledger.ask.entries(), [], 'nothing was sent')
    await siege.check()
  })
  after(() => siege.end())

  for (const [what, value, path] of CASES) {
    it(`${what}: tell throws and ask rejects, with the path to it`, async () => {
      const thrown = thrownBy(() => ledger.tell.keep(value))
      const rejected = await ledger.ask.keep(value).then(none, (error: Error) => error)
      for (const error of [thrown, rejected]) {
        assert.equal(codeOf(error), 'ERR_NOT_SERIALIZABLE')
        assert.match(error.message, path)
      }
    })
  }

  it('more than maxMessageBytes is ERR_TOO_LARGE', async () => {
    const value = new Uint8Array(65 * 1024 * 1024)
    assert.equal(codeOf(thrownBy(() => ledger.tell.keep(value))), 'ERR_TOO_LARGE')
    assert.equal(await ledger.ask.keep(value).then(none, codeOf), 'ERR_TOO_LARGE')
  })

  it('an answer that cannot is an error to the asker, and the actor lives on', async () => {
    const ref = siege.node.spawn(Oracle, undefined, { name: 'oracle' })
    const oracle = siege.friend.lookup(Oracle, 'oracle', { on: 'node' })
    const error = await oracle.ask.prophecy().then(none, (thrown: Error) => thrown)
    assert.equal(codeOf(error), 'ERR_NOT_SERIALIZABLE')
    assert.equal(await oracle.ask.answer(), 42)
    await siege.node.stopActor(ref)
  })
})

function thrownBy(run: () => unknown): Error {
  try {
    run()
  } catch (error) {
    return error as Error
  }
  throw new Error('nothing was thrown')
}

const none = (): never => assert.fail('there was no error')

import { assert } from 'chai'
import { ActorRef, classCodec, type NodeOptions } from '../../src/index.js'
import { Ledger, Oracle } from './actors.js'
import type { Environment } from './environment.js'
import { everywhere, promise } from './promise.js'
import type { Subject } from './subject.js'

class Point {
  readonly x: number
  readonly y: number

  constructor(x: number, y: number) {
    this.x = x
    this.y = y
  }
}

class Stranger {
  readonly x = 1
}

const CODECS: NonNullable<NodeOptions['codecs']> = {
  point: classCodec<Point>({
    class: Point,
    toWire: ({ x, y }) => [x, y],
    fromWire: (wire) => new Point(...(wire as [number, number])),
  }),
}

async function oracle(
  env: Environment,
  options: Partial<NodeOptions> = {},
): Promise<{ a: Subject; b: Subject; near: ActorRef<Oracle>; far: ActorRef<Oracle> }> {
  const [a, b] = await env.pair({ codecs: CODECS, ...options })
  const near = a.node.spawn(Oracle)
  return { a, b, near, far: a.node.ref(Oracle, String(b.node.spawn(Oracle))) }
}

promise('Copies and values', 'Arguments to an actor on another node arrive as copies', () => {
  everywhere(
    'what the actor does to them is not seen here, and what it keeps is its own',
    async (env) => {
      const { far } = await oracle(env)
      const list: unknown[] = ['mine']
      const answer = await env.complete(far.ask.change(list))
      assert.deepEqual(list, ['mine'])
      assert.deepEqual(answer, ['mine', 'changed'])
      const told = far.ask.same(list)
      list.push('after the send')
      assert.deepEqual(await env.complete(told), ['mine'], 'encoded when it was sent')
    },
  )

  everywhere(
    'a message to the own node by a ref that went round the world is none',
    async (env) => {
      const { a, near, far } = await oracle(env)
      const back = (await env.complete(far.ask.same(near))) as ActorRef<Oracle>
      assert.isTrue(back.equals(near))
      const list: unknown[] = []
      assert.strictEqual(
        await env.complete(a.node.ref(Oracle, String(back)).ask.change(list)),
        list,
      )
    },
  )
})

promise('Copies and values', 'Local ones are passed as they are', () => {
  everywhere('the very same object, both ways', async (env) => {
    const { near } = await oracle(env)
    const list: unknown[] = []
    assert.strictEqual(await env.complete(near.ask.change(list)), list)
    assert.deepEqual(list, ['changed'])
    const stranger = new Stranger()
    assert.strictEqual(await env.complete(near.ask.same(stranger)), stranger)
  })

  everywhere(
    'with `copyLocal` they are copied too, and refused where the wire refuses',
    async (env) => {
      const { near } = await oracle(env, { copyLocal: true })
      const list: unknown[] = []
      const answer = await env.complete(near.ask.change(list))
      assert.deepEqual([list, answer], [[], ['changed']])
      const error = await env.failure(near.ask.same({ a: [new Stranger()] }))
      assert.strictEqual(error.code, 'ERR_NOT_SERIALIZABLE')
      assert.include(error.message, 'Stranger')
      assert.strictEqual(
        (await env.failure(near.ask.returnsFunction())).code,
        'ERR_NOT_SERIALIZABLE',
      )
    },
  )
})

promise('Copies and values', 'These values arrive deep-equal', () => {
  const cause = new TypeError('beneath')
  const values: Record<string, unknown> = {
    undefined: undefined,
    null: null,
    booleans: [true, false],
    strings: ['', 'ä€🎲', '\0', 'x'.repeat(70_000)],
    numbers: [0, 1.5, Number.NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 2 ** 31, 1e300],
    bigints: [0n, 5n, -(2n ** 64n), 10n ** 300n],
    dates: [new Date(0), new Date(8.64e15), new Date(Number.NaN)],
    maps: new Map<unknown, unknown>([
      [{ a: 1 }, new Map([[1, 'one']])],
      ['x', undefined],
    ]),
    sets: new Set<unknown>([1, 'a', new Set([null])]),
    objects: { a: { b: { c: [1, [], {}] } }, '': undefined, constructor: 1 },
    'typed arrays': [
      new Uint8Array([1, 2]),
      Buffer.from('buffer'),
      new Float64Array([1.5, Number.NaN]),
      new BigInt64Array([5n]),
      new Int16Array(0),
      new Uint8Array(100_000).fill(7),
    ],
    errors: Object.assign(new RangeError('far', { cause }), { code: 'FAR' }),
    points: [new Point(1, 2), { deep: new Point(3, 4) }],
  }
  for (const [name, value] of Object.entries(values)) {
    everywhere(
      `${name}`,
      async (env) => {
        const { far } = await oracle(env)
        const back = await env.complete(far.ask.same(value))
        if (name !== 'errors') assert.deepEqual(back, value)
        else {
          const { message, code, cause: beneath } = back as Error & { code: string }
          assert.deepEqual([(back as Error).name, message, code], ['RangeError', 'far', 'FAR'])
          assert.deepInclude(beneath as Error, { name: 'TypeError', message: 'beneath' })
        }
        if (name === 'points') assert.instanceOf((back as [Point])[0], Point)
      },
      1,
    )
  }

  everywhere('refs, which can be used where they arrive', async (env) => {
    const { a, near, far } = await oracle(env)
    const named = a.node.lookup(Ledger, 'ledger', { on: 'b' })
    const refs = [near, far, named, near.with({ timeoutMs: 5 })] as unknown[]
    const back = (await env.complete(far.ask.same(refs))) as ActorRef<Oracle>[]
    back.forEach((ref, at) => {
      assert.instanceOf(ref, ActorRef)
      assert.strictEqual(String(ref), String(refs[at]))
    })
    assert.deepEqual(await env.complete((back[1] as ActorRef<Oracle>).ask.same(1)), 1)
  })
})

promise('Copies and values', 'Refused at the sender, with the path to the value', () => {
  const circle: { inner: { self?: unknown } } = { inner: {} }
  circle.inner.self = circle
  const values: [string, unknown, RegExp][] = [
    ['a function', { a: [1, { f: () => {} }] }, /\.a\[1\]\.f/],
    ['a symbol', [Symbol('s')], /\[0\]/],
    ['a cycle', circle, /\.inner\.self/],
    ['an instance without a codec', { who: new Stranger() }, /\.who.*Stranger/],
    ['a promise', { later: Promise.resolve() }, /\.later/],
    ['a WeakMap', [new WeakMap()], /\[0\]/],
    ['a hole in an array', { list: new Array(2) }, /\.list\[0\]/],
  ]
  for (const [name, value, path] of values) {
    everywhere(
      `${name}`,
      async (env) => {
        const { a, b, far } = await oracle(env)
        const error = await env.failure(far.ask.same(value))
        assert.strictEqual(error.code, 'ERR_NOT_SERIALIZABLE')
        assert.match(error.message, path)
        assert.throws(() => far.tell.same(value), path)
        assert.strictEqual(await env.complete(far.ask.same('next')), 'next')
        assert.lengthOf([...a.letters, ...b.letters], 0)
        assert.strictEqual(a.node.stats().remote.outbound, 0)
      },
      1,
    )
  }
})

promise('Copies and values', 'An object that occurs twice arrives twice', () => {
  everywhere(
    'and symbol keys, hidden properties and extras of arrays are not sent',
    async (env) => {
      const { far } = await oracle(env)
      const shared = { n: 1 }
      const twice = (await env.complete(far.ask.same([shared, shared]))) as unknown[]
      assert.deepEqual(twice, [shared, shared])
      assert.notStrictEqual(twice[0], twice[1])
      const odd = Object.defineProperty({ seen: 1, [Symbol('key')]: 2 }, 'hidden', { value: 3 })
      assert.deepEqual(await env.complete(far.ask.same(odd)), { seen: 1 })
      const array = Object.assign([1, 2], { extra: 3 })
      assert.deepEqual(await env.complete(far.ask.same(array)), [1, 2])
    },
  )
})

import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import { silentLogger } from '../../src/base/logger.js'
import {
  type Action,
  type Interposed,
  type InterposedFailure,
  type InterposeOptions,
  type Interposition,
  interpose,
  type PassingMessage,
  type Point,
} from '../../src/fault/index.js'
import {
  type Decide,
  type Fate,
  INTERPOSABLE,
  type Interposable,
  type PassageAccess,
  type Passing,
} from '../../src/peer/passage.js'
import { outcomeOf } from '../promises/environment.js'
import { everywhere } from '../promises/promise.js'
import { ledgerPair, written } from './ledger-pair.js'

/** A node of which only the point `send` is there. */
class FakePassage implements Interposable, PassageAccess {
  readonly node = 'a'
  readonly clock = {
    now: () => 0,
    wallMs: () => 0,
    after: (delayMs: number, run: () => void) => {
      this.timers.push({ delayMs, run })
      return { cancel: () => {} }
    },
  }
  readonly log = silentLogger
  readonly timers: { delayMs: number; run: () => void }[] = []
  readonly failures: InterposedFailure[] = []
  decide: Decide | undefined
  readonly set: Interposition

  constructor(options: InterposeOptions = {}) {
    this.set = interpose(this, { ...options, onFailure: (failure) => this.failures.push(failure) })
  }

  get [INTERPOSABLE](): PassageAccess {
    return this
  }

  occupy(point: Point, decide: Decide | undefined): void {
    if (point === 'send') this.decide = decide
  }

  add(name: string, rest: Omit<Interposed, 'name' | 'at'>) {
    return this.set.add({ name, at: 'send', ...rest })
  }

  fate(): ReturnType<Decide> {
    return this.decide?.(passing([1]))
  }
}

function passing(args: readonly unknown[]): Passing {
  return {
    at: 'send',
    node: 'a',
    peer: 'b',
    channel: 'default',
    lane: 0,
    kind: 'tell',
    actor: 'troupe://b/x/1',
    method: 'add',
    args,
    callId: undefined,
    bytes: 0,
    changed: (other) => {
      if (!Array.isArray(other)) throw new TypeError('no array')
      return passing(other)
    },
  }
}

const replace = (change: (n: number) => number) => ({
  main: ({ args }: PassingMessage): Action => ({
    type: 'replace',
    args: args.map((n) => change(Number(n))),
  }),
})

describe('interposed functions', () => {
  it('leave the point open until the first comes and when the last goes', () => {
    const a = new FakePassage()
    assert.strictEqual(interpose(a), a.set)
    assert.isUndefined(a.decide)
    const one = a.add('one', { main: () => undefined })
    const two = a.add('two', { pre: () => {} })
    assert.isUndefined(a.fate())
    one.remove()
    one.remove()
    assert.isDefined(a.decide)
    two.remove()
    assert.isUndefined(a.decide)
    assert.deepEqual([one.stats.seen, two.stats.seen], [1, 1])
  })

  it('are asked in their order, all pre before all main before all post', () => {
    const a = new FakePassage()
    const log: string[] = []
    for (const [name, before] of [
      ['one', undefined],
      ['three', undefined],
      ['two', 'three'],
      ['zero', 'one'],
    ] as const) {
      a.add(name, {
        ...(before !== undefined && { before }),
        pre: ({ args }) => log.push(`pre ${name} ${args}`),
        main: ({ args }) => {
          log.push(`main ${name} ${args}`)
          return { type: 'replace', args: [...args, name] }
        },
        post: ({ args }, { message }) => {
          log.push(`post ${name} ${args} → ${message.args}`)
          return undefined
        },
      })
    }
    assert.deepEqual(
      a.set.at('send').map(({ name }) => name),
      ['zero', 'one', 'two', 'three'],
    )
    assert.deepEqual(a.fate(), { copies: 1, args: [1, 'zero', 'one', 'two', 'three'] })
    assert.deepEqual(log, [
      ...['zero', 'one', 'two', 'three'].map((name) => `pre ${name} 1`),
      'main zero 1',
      'main one 1,zero',
      'main two 1,zero,one',
      'main three 1,zero,one,two',
      ...['zero', 'one', 'two', 'three'].map((name) => `post ${name} 1 → 1,zero,one,two,three`),
    ])
  })

  const drop = { main: (): Action => ({ type: 'drop' }) }
  const twice = { main: (): Action => ({ type: 'duplicate' }) }
  const table: [what: string, functions: Omit<Interposed, 'name' | 'at'>[], fate: unknown][] = [
    ['pass', [{ main: () => ({ type: 'pass' }) }], undefined],
    ['a drop', [drop], { copies: 0, args: undefined }],
    [
      'copies that add up',
      [twice, { main: () => ({ type: 'duplicate', times: 3 }) }],
      { copies: 5, args: undefined },
    ],
    ['a drop after copies', [twice, drop, twice], { copies: 0, args: undefined }],
    [
      'changes of changes',
      [replace((n) => n + 1), replace((n) => n * 10)],
      { copies: 1, args: [20] },
    ],
    ['a drop by post', [twice, { post: () => ({ type: 'drop' }) }], { copies: 0, args: undefined }],
  ]
  for (const [what, functions, fate] of table) {
    it(`do ${what}`, () => {
      const a = new FakePassage()
      for (const [at, one] of functions.entries()) a.add(`f${at}`, one)
      assert.deepEqual(a.fate(), fate as Fate | undefined)
      assert.deepEqual(a.failures, [])
    })
  }

  it('are not asked about a message that was dropped, but hear of it', () => {
    const a = new FakePassage()
    const heard: number[] = []
    a.add('drop', drop)
    const after = a.add('after', {
      main: () => assert.fail('it was asked'),
      post: (_before, { copies }) => {
        heard.push(copies)
        return undefined
      },
    })
    a.fate()
    assert.deepEqual(heard, [0])
    assert.equal(after.stats.failed, 0)
  })

  it('delay: times add up, and the message goes when they are over', async () => {
    const a = new FakePassage()
    a.add('one', { main: () => ({ type: 'delay', ms: 5 }) })
    a.add('two', { main: () => ({ type: 'delay', ms: 7 }) })
    const fate = a.fate()
    assert.deepEqual(
      a.timers.map(({ delayMs }) => delayMs),
      [12],
    )
    a.timers[0]?.run()
    assert.isUndefined(await fate)
  })

  for (const [onLimit, fate] of [
    ['pass', undefined],
    ['drop', { copies: 0, args: undefined }],
  ] as const) {
    it(`that take for ever are cut off and reported: the message ${onLimit}es`, async () => {
      const a = new FakePassage({ limitMs: 300, onLimit })
      const handle = a.add('slow', { main: () => new Promise(() => {}) })
      const decided = a.fate()
      assert.deepEqual(
        a.timers.map(({ delayMs }) => delayMs),
        [300],
      )
      a.timers[0]?.run()
      assert.deepEqual(await decided, fate)
      assert.equal(handle.stats.cutOff, 1)
      assert.deepEqual(a.failures, [
        { name: 'slow', at: 'send', reason: 'cutOff', method: 'add', peer: 'b' },
      ])
    })
  }

  it('that wish a longer delay than the limit get the limit', async () => {
    const a = new FakePassage({ limitMs: 300 })
    a.add('slow', { main: () => ({ type: 'delay', ms: 1e9 }) })
    const fate = a.fate()
    assert.deepEqual(
      a.timers.map(({ delayMs }) => delayMs),
      [300],
    )
    assert.equal(a.failures[0]?.reason, 'cutOff')
    a.timers[0]?.run()
    assert.isUndefined(await fate)
  })

  it('may answer later: the next is asked then, with what the answer left', async () => {
    const a = new FakePassage()
    a.add('late', { main: async () => ({ type: 'replace', args: [5] }) })
    a.add(
      'next',
      replace((n) => n + 1),
    )
    assert.deepEqual(await a.fate(), { copies: 1, args: [6] })
  })

  const boom = new Error('boom')
  const bad: [what: string, functions: Omit<Interposed, 'name' | 'at'>, error: RegExp][] = [
    [
      'pre throws',
      {
        pre: () => {
          throw boom
        },
      },
      /boom/,
    ],
    ['pre rejects', { pre: () => Promise.reject(boom) }, /boom/],
    [
      'main throws',
      {
        main: () => {
          throw boom
        },
      },
      /boom/,
    ],
    ['main rejects', { main: () => Promise.reject(boom) }, /boom/],
    [
      'post throws',
      {
        post: () => {
          throw boom
        },
      },
      /boom/,
    ],
    ['main answers nonsense', { main: () => 'drop' as never }, /answered with "drop"/],
    ['main answers null', { main: () => null as never }, /answered with null/],
    ['a delay is no time', { main: () => ({ type: 'delay', ms: Number.NaN }) }, /"delay"/],
    ['copies are none', { main: () => ({ type: 'duplicate', times: 0 }) }, /"duplicate"/],
    ['arguments are no list', { main: () => ({ type: 'replace', args: 7 as never }) }, /no array/],
    ['post answers with more than a drop', { post: () => ({ type: 'delay' }) as never }, /"delay"/],
  ]
  for (const [what, functions, error] of bad) {
    it(`let the message pass and say so when ${what}`, async () => {
      const a = new FakePassage()
      const handle = a.add('bad', functions)
      assert.isUndefined(await a.fate())
      await Promise.resolve()
      assert.equal(handle.stats.failed, 1)
      assert.equal(a.failures[0]?.reason, 'failed')
      assert.match(String(a.failures[0]?.error), error)
    })
  }

  const refusals: [given: object, message: RegExp][] = [
    [{}, /interpose\.add\.name must be/],
    [{ name: 'x', at: 'wire', main: () => undefined }, /interpose\.add\.at must be 'send' or/],
    [{ name: 'x', at: 'send' }, /main, pre or post must be there/],
    [{ name: 'taken', at: 'send', main: () => undefined }, /does not stand at send yet/],
    [{ name: 'x', at: 'send', before: 'y', main: () => undefined }, /a name that stands at send/],
    [{ name: 'x', at: 'send', main: 7 }, /interpose\.add\.main must be a function/],
    [{ name: 'x', at: 'send', mian: () => undefined }, /mian is not an option/],
  ]
  for (const [given, message] of refusals) {
    it(`refuse ${message}`, () => {
      const a = new FakePassage()
      a.add('taken', { pre: () => {} })
      try {
        a.set.add(given as Interposed)
        assert.fail('it was not refused')
      } catch (error) {
        assert.equal(codeOf(error), 'ERR_BAD_OPTION')
        assert.match((error as Error).message, message)
      }
    })
  }
})

const SEEDS = 20

/** Only messages `write`. */
const onWrite =
  (act: (message: PassingMessage) => ReturnType<NonNullable<Interposed['main']>>) =>
  (message: PassingMessage) =>
    message.method === 'write' ? act(message) : undefined

describe('interposition on nodes', () => {
  for (const at of ['send', 'receive', 'deliver'] as const) {
    everywhere(
      `drops, changes, copies and delays at ${at}, in order`,
      async (env) => {
        const { a, b, home, ledger } = await ledgerPair(env)
        const { node } = at === 'send' ? a : b
        const handle = interpose(node).add({
          name: 'trouble',
          at,
          main: onWrite(({ args: [entry] }) => {
            switch (entry) {
              case 1:
                return { type: 'drop' }
              case 2:
                return { type: 'duplicate', times: 2 }
              case 3:
                return { type: 'replace', args: ['three'] }
              case 4:
                return { type: 'delay', ms: 60 }
              case 5:
                return Promise.resolve({ type: 'replace', args: ['five'] } as const)
              default:
                return undefined
            }
          }),
        })
        const start = env.now()
        for (const entry of [0, 1, 2, 3, 4, 5, 6]) ledger.tell.write(entry)
        const expected = [0, 2, 2, 2, 'three', 4, 'five', 6]
        assert.deepEqual(await written(env, home, expected.length), expected)
        assert.isAtLeast(env.now() - start, 59)
        const { dropped, duplicated, replaced, delayed } = handle.stats
        assert.deepEqual([dropped, duplicated, replaced, delayed], [1, 1, 2, 1])
        handle.remove()
        ledger.tell.write(1)
        assert.include(await written(env, home, expected.length + 1), 1)
      },
      SEEDS,
    )
  }

  everywhere(
    'shows at every point what it is about, and at receive who sent it',
    async (env) => {
      const { a, b, home, ledger } = await ledgerPair(env)
      const seen: PassingMessage[] = []
      const told: string[] = []
      for (const { node } of [a, b]) {
        for (const at of ['send', 'receive', 'deliver'] as const) {
          interpose(node).add({
            name: 'watch',
            at,
            pre: (message) => {
              seen.push(message)
              const { kind, method, args, peer } = message
              told.push(`${message.node} ${at} ${peer} ${kind} ${method} ${JSON.stringify(args)}`)
            },
          })
        }
      }
      b.node.onForward('greet', () => {})
      a.node.forward({ node: 'b', name: 'greet' }, 'hello')
      ledger.tell.write('x')
      assert.equal(await env.complete(ledger.ask.record('y')), 2)
      home.tell.write('local')
      await env.run(50)
      for (const line of [
        'a send b forward greet ["hello"]',
        'b receive a forward greet ["hello"]',
        'a send b tell write ["x"]',
        'b receive a tell write ["x"]',
        'b deliver  tell write ["x"]',
        'a send b ask record ["y"]',
        'b receive a ask record ["y"]',
        'b deliver a ask record ["y"]',
        'b send a reply reply [2]',
        'a receive b reply reply [2]',
        'b deliver  tell write ["local"]',
      ]) {
        assert.include(told, line)
      }
      const asks = seen.filter(({ kind }) => kind === 'ask')
      assert.deepEqual([...new Set(asks.map(({ actor }) => actor))], [home.toString()])
      assert.lengthOf(new Set(asks.map(({ callId }) => callId)), 1)
      const [, received] = asks
      assert.deepEqual([received?.channel, received?.lane], ['default', 0])
      assert.isAbove(received?.bytes ?? 0, 0)
    },
    SEEDS,
  )

  everywhere(
    'a function that never answers holds what is behind it until it is cut off',
    async (env) => {
      const { b, home, ledger } = await ledgerPair(env)
      const failures: string[] = []
      const set = interpose(b.node, {
        limitMs: 80,
        onFailure: ({ name, reason, peer }) => failures.push(`${name} ${reason} ${peer}`),
      })
      set.add({
        name: 'stuck',
        at: 'receive',
        main: onWrite(({ args }) => (args[0] === 0 ? new Promise(() => {}) : undefined)),
      })
      const start = env.now()
      for (const entry of [0, 1, 2]) ledger.tell.write(entry)
      assert.deepEqual(await written(env, home, 3), [0, 1, 2])
      assert.isAtLeast(env.now() - start, 79)
      assert.deepEqual(failures, ['stuck cutOff a'])
    },
    SEEDS,
  )

  everywhere(
    'an ask that is dropped ends at its deadline, one whose answer is changed gets that',
    async (env) => {
      const { a, b, ledger } = await ledgerPair(env)
      const set = interpose(b.node)
      const drop = set.add({
        name: 'drop',
        at: 'deliver',
        main: ({ method }) => (method === 'record' ? { type: 'drop' } : undefined),
      })
      const hasty = ledger.with({ timeoutMs: 60 })
      assert.equal(await env.complete(outcomeOf(hasty.ask.record(1))), 'ERR_ASK_TIMEOUT')
      drop.remove()
      interpose(a.node).add({
        name: 'lie',
        at: 'receive',
        main: ({ kind }) => (kind === 'reply' ? { type: 'replace', args: [-1] } : undefined),
      })
      assert.equal(await env.complete(ledger.ask.record(2)), -1)
      interpose(a.node).clear()
      assert.equal(await env.complete(ledger.ask.record(3)), 2)
    },
    SEEDS,
  )

  everywhere(
    'arguments that cannot travel are refused, and the message goes as it was',
    async (env) => {
      const { a, home, ledger } = await ledgerPair(env)
      const handle = interpose(a.node).add({
        name: 'bad',
        at: 'send',
        main: onWrite(() => ({ type: 'replace', args: [() => 1] })),
      })
      ledger.tell.write('as it was')
      assert.deepEqual(await written(env, home, 1), ['as it was'])
      assert.deepEqual([handle.stats.failed, handle.stats.replaced], [1, 0])
    },
    3,
  )

  everywhere(
    'what waits at send keeps the value it was sent with, and fails as any other when its node is gone',
    async (env) => {
      const { a, b, home, ledger } = await ledgerPair(env)
      interpose(a.node).add({
        name: 'slow',
        at: 'send',
        main: ({ kind }) =>
          kind === 'tell' || kind === 'ask' ? { type: 'delay', ms: 50 } : undefined,
      })
      const entry = { n: 1 }
      ledger.tell.write(entry)
      entry.n = 2
      assert.deepEqual(await written(env, home, 1), [{ n: 1 }])
      await env.crash(b.name)
      const lost = outcomeOf(ledger.with({ timeoutMs: 30_000 }).ask.size())
      assert.equal(await env.complete(lost), 'ERR_NODE_DOWN')
    },
    5,
  )

  everywhere(
    'an actor that is stopped while a message is held lets go of it',
    async (env) => {
      const { b, home, ledger } = await ledgerPair(env)
      interpose(b.node).add({
        name: 'hold',
        at: 'deliver',
        main: ({ method }) => (method === 'record' ? { type: 'delay', ms: 2_000 } : undefined),
      })
      const asked = outcomeOf(ledger.ask.record(1))
      await env.run(30)
      const stopped = b.node.stopActor(home, undefined, 50)
      await env.complete(stopped)
      assert.equal(await env.complete(asked), 'ERR_KILLED')
    },
    5,
  )

  everywhere(
    'a method of a copy may stash, defer and await as ever',
    async (env) => {
      const { b, home, ledger } = await ledgerPair(env)
      interpose(b.node).add({
        name: 'again',
        at: 'deliver',
        main: ({ method }) => (method === 'slowly' ? { type: 'duplicate' } : undefined),
      })
      const first = ledger.ask.slowly(10, 'slow')
      ledger.tell.write('after')
      assert.equal(await env.complete(first), 'slow')
      assert.deepEqual(await written(env, home, 3), ['slow', 'slow', 'after'])
    },
    5,
  )

  for (const at of ['send', 'receive', 'deliver'] as const) {
    everywhere(
      `large payloads are copied, changed and held at ${at} as small ones`,
      async (env) => {
        const { a, b, home, ledger } = await ledgerPair(env)
        interpose((at === 'send' ? a : b).node).add({
          name: 'bulk',
          at,
          main: onWrite(async ({ args: [entry, bytes] }) => {
            if (entry === 'twice') return { type: 'duplicate' }
            const longer = new Uint8Array((bytes as Uint8Array).length + 1).fill(7)
            return { type: 'replace', args: [longer, undefined] }
          }),
        })
        const bytes = new Uint8Array(300_000).fill(5)
        ledger.tell.write('twice', bytes)
        ledger.tell.write('longer', bytes)
        bytes.fill(0) // at send what waits is a copy
        const all = await written(env, home, 3)
        assert.deepEqual(all.slice(0, 2), ['twice', 'twice'])
        const last = all[2] as Uint8Array
        assert.equal(last.length, 300_001)
        assert.isTrue(last.every((byte) => byte === 7))
      },
      3,
    )
  }

  everywhere(
    'a node stops while functions hold its messages',
    async (env) => {
      const { a, b, ledger } = await ledgerPair(env)
      for (const [node, at] of [
        [a.node, 'send'],
        [b.node, 'receive'],
        [b.node, 'deliver'],
      ] as const) {
        interpose(node).add({ name: 'hold', at, main: onWrite(() => new Promise(() => {})) })
      }
      interpose(b.node, { limitMs: 300 })
      ledger.tell.write(1)
      interpose(a.node).clear()
      ledger.tell.write(2)
      await env.run(20)
      await env.complete(b.node.stop({ timeoutMs: 50, drainMs: 50 }))
      await env.complete(a.node.stop({ timeoutMs: 50, drainMs: 50 }))
      await env.run(400)
    },
    3,
  )

  everywhere(
    'reentrant methods go on past a message that is held, as past one that awaits',
    async (env) => {
      const { b, home } = await ledgerPair(env)
      interpose(b.node).add({
        name: 'hold',
        at: 'deliver',
        main: ({ method, args }) => {
          if (method === 'aside' && args[1] === 'held') return { type: 'delay', ms: 40 }
          return method === 'slowly' ? { type: 'delay', ms: 60 } : undefined
        },
      })
      home.tell.aside(1, 'held')
      home.tell.slowly(1, 'slow')
      home.tell.aside(1, 'free')
      home.tell.write('last')
      const expected = ['free begins', 'free ends', 'held begins', 'held ends', 'slow', 'last']
      assert.deepEqual(await written(env, home, expected.length), expected)
    },
    5,
  )
})

import { inspect } from 'node:util'
import { assert } from 'chai'
import fc from 'fast-check'
import { Actor } from '../../src/actor/actor.js'
import { actor } from '../../src/actor/decorators.js'
import type { Outbound } from '../../src/actor/outbound.js'
import type { ActorRef, AnyRef } from '../../src/actor/ref.js'
import { parseAddress, showAddress } from '../../src/actor/ref-address.js'
import { isUlid } from '../../src/base/identity.js'
import { settle } from './manual-world.js'
import { codeOfRejection, codeOfThrow, OneNode } from './one-node.js'

@actor('ref/counter')
class Counter extends Actor {
  #total = 0
  add(by: number): void {
    this.#total += by
  }
  value(): number {
    return this.#total
  }
}

@actor('ref/other')
class Other extends Actor {
  add(): void {}
}

describe('the address of a ref', () => {
  it('prints as a URL with an id, or with a name that cannot be taken for an id', () => {
    const id = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
    const byId = { node: 'b', type: 'arena/match', id, name: undefined }
    assert.equal(showAddress(byId), `troupe://b/arena/match/${id}`)
    const byName = { node: 'b', type: 'arena/match', id: undefined, name: id }
    assert.equal(showAddress(byName), `troupe://b/arena/match/name:${id}`)
    const odd = { node: 'ö/1', type: 'x y', id: undefined, name: 'a/b:c' }
    assert.equal(showAddress(odd), 'troupe://%C3%B6%2F1/x%20y/name:a%2Fb%3Ac')
  })

  it('comes back from its text, whatever characters are in it', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' })
    const address = fc.record({
      node: text,
      type: text,
      id: fc.constant(undefined),
      name: text,
    })
    fc.assert(
      fc.property(address, (one) => {
        assert.deepEqual(parseAddress(showAddress(one)), one)
      }),
    )
  })

  const bad = [
    '',
    'troupe://',
    'troupe://b',
    'troupe://b/type',
    'troupe:///type/name:x',
    'troupe://b/type/name:',
    'troupe://b/type/score',
    'troupe://b/type/01ARZ3NDEKTSV4RRFFQ69G5FA',
    'troupe://b/type/name:%ff',
    'http://b/type/name:x',
    `troupe://b/type/name:${'x'.repeat(3_000)}`,
    7,
    null,
    undefined,
  ]
  for (const text of bad) {
    it(`refuses ${inspect(text).slice(0, 60)}`, () => {
      assert.equal(
        codeOfThrow(() => parseAddress(text)),
        'ERR_BAD_REF',
      )
    })
  }
})

describe('a ref', () => {
  const { node, system } = new OneNode()
  const ref = node.spawn(Counter)

  it('has type, node and a ULID that names the incarnation of its node', () => {
    assert.equal(ref.type, 'ref/counter')
    assert.equal(ref.node, 'a')
    assert.isTrue(isUlid(ref.id))
    assert.equal(ref.id?.slice(0, 18), system.incarnation.slice(0, 18))
    assert.isUndefined(ref.name)
  })

  it('survives JSON', async () => {
    const text = (JSON.parse(JSON.stringify({ ref })) as { ref: string }).ref
    assert.equal(text, String(ref))
    const back = node.ref(Counter, text)
    assert.isTrue(back.equals(ref))
    back.tell.add(3)
    assert.equal(await ref.ask.value(), 3)
  })

  it('equals refs to the same actor only, whatever their options', () => {
    const named = node.lookup(Counter, 'x')
    assert.isTrue(ref.equals(ref.with({ timeoutMs: 5 })))
    assert.isFalse(ref.equals(node.spawn(Counter)))
    assert.isFalse(ref.equals(named))
    assert.isTrue(named.equals(node.lookup(Counter, 'x')))
    assert.isFalse(named.equals(node.lookup(Counter, 'y')))
    assert.isFalse(named.equals(node.lookup(Counter, 'x', { on: 'b' })))
    const any: AnyRef = ref
    assert.isTrue(any.equals(ref))
  })

  it('prints as its address', () => {
    assert.equal(`${ref}`, `troupe://a/ref/counter/${ref.id}`)
    assert.equal(inspect(ref), `ActorRef(${ref})`)
  })

  it('refuses the text of a ref to another class', () => {
    assert.equal(
      codeOfThrow(() => node.ref(Other, String(ref))),
      'ERR_BAD_REF',
    )
  })

  it('can be awaited and logged like any value', async () => {
    assert.equal(await ref, ref)
    assert.isUndefined((ref as unknown as { then?: unknown }).then)
  })

  it('makes its methods once per class and keeps them on a prototype', () => {
    const other = node.spawn(Counter)
    assert.equal(ref.tell, ref.tell)
    assert.equal(Object.getPrototypeOf(ref.tell), Object.getPrototypeOf(other.tell))
    assert.deepEqual(Object.keys(ref.tell), [])
    assert.isUndefined((ref.tell as unknown as { onStart?: unknown }).onStart)
  })

  it('adds options to those it has', () => {
    const { options } = ref.with({ timeoutMs: 5, channel: 'x' }).with({ partitionKey: 1 })
    assert.deepEqual(options, { timeoutMs: 5, channel: 'x', partitionKey: 1 })
  })

  const bad: object[] = [
    { timeoutMs: -1 },
    { timeoutMs: Number.NaN },
    { timeoutMs: Number.POSITIVE_INFINITY },
    { timeoutMs: 2 ** 31 },
    { partitionKey: {} },
    { channel: '' },
    { signal: {} },
    { timeout: 1 },
    null as unknown as object,
  ]
  for (const options of bad) {
    it(`refuses the options ${inspect(options)}`, () => {
      assert.equal(
        codeOfThrow(() => ref.with(options)),
        'ERR_BAD_OPTION',
      )
    })
  }

  it('names the option that does not exist', () => {
    assert.throws(
      () => ref.with({ timeout: 1 } as object),
      'with.timeout is not an option; there are: timeoutMs, signal, partitionKey, channel',
    )
  })
})

describe('a call', () => {
  class Echo extends Actor {
    all(...args: unknown[]): unknown[] {
      return args
    }
    last: unknown[] = []
    keep(...args: unknown[]): void {
      this.last = args
    }
    kept(): unknown[] {
      return this.last
    }
  }

  for (const copyLocal of [undefined, (values: readonly unknown[]) => [...values]]) {
    for (const args of [
      [],
      [1],
      [undefined],
      [[1, 2]],
      [1, 2],
      [undefined, undefined],
      [1, 2, 3, 4],
    ]) {
      const how = copyLocal === undefined ? '' : ', copied'
      it(`passes the arguments ${inspect(args)} as they are${how}`, async () => {
        const { node } = new OneNode(copyLocal && { copyLocal })
        const ref = node.spawn(Echo)
        ref.tell.keep(...args)
        assert.deepEqual(await ref.ask.kept(), args)
        assert.deepEqual(await ref.ask.all(...args), args)
      })
    }
  }
})

describe('a dead ref', () => {
  it('turns tells into dead letters and rejects asks', async () => {
    const { node, system, deadLetters } = new OneNode()
    const ref = node.spawn(Counter)
    await system.stop(ref)
    assert.isFalse(ref.tell.add(1))
    assert.deepEqual(
      deadLetters.map(({ to, method, args, reason }) => [String(to), method, args, reason]),
      [[String(ref), 'add', [1], 'ERR_STOPPED']],
    )
    assert.equal(await codeOfRejection(ref.ask.value()), 'ERR_STOPPED')
    await ref.ready()
  })

  it('may be of an earlier start of the node', async () => {
    const earlier = new OneNode()
    const text = String(earlier.node.spawn(Counter)).replace(/.{9}(.{8})$/, 'ZZZZZZZZZ$1')
    const { node, deadLetters } = new OneNode()
    node.spawn(Counter)
    const ref = node.ref(Counter, text)
    assert.isFalse(ref.tell.add(1))
    assert.equal(deadLetters[0]?.reason, 'ERR_STOPPED')
    assert.equal(await codeOfRejection(ref.ask.value()), 'ERR_STOPPED')
    assert.isFalse(ref.tell.add(1))
  })

  it('may have been read from a text after the actor had ended', async () => {
    const { node, system } = new OneNode()
    const ref = node.spawn(Counter)
    await system.stop(ref)
    assert.equal(await codeOfRejection(node.ref(Counter, String(ref)).ask.value()), 'ERR_STOPPED')
  })
})

describe('a named ref', () => {
  it('reaches whoever holds the name when the message is sent', async () => {
    const { node, system, deadLetters } = new OneNode()
    const score = node.lookup(Counter, 'score')
    assert.isFalse(score.tell.add(1))
    assert.equal(deadLetters[0]?.reason, 'ERR_NO_ACTOR')
    assert.equal(await codeOfRejection(score.ask.value()), 'ERR_NO_ACTOR')
    const first = node.spawn(Counter, undefined, { name: 'score' })
    score.tell.add(2)
    assert.equal(await score.ask.value(), 2)
    await system.stop(first)
    node.spawn(Counter, undefined, { name: 'score' })
    assert.equal(await score.ask.value(), 0)
    await score.ready()
  })

  it('is refused a method the holder does not have', async () => {
    const { node, deadLetters } = new OneNode()
    node.spawn(Other, undefined, { name: 'score' })
    const score = node.lookup(Counter, 'score')
    assert.equal(await codeOfRejection(score.ask.value()), 'ERR_UNKNOWN_METHOD')
    const value = score.tell as unknown as { value(): boolean }
    assert.isFalse(value.value())
    assert.equal(deadLetters[0]?.reason, 'ERR_UNKNOWN_METHOD')
  })

  it('resolves by name alone for callers that have only the type', async () => {
    const { node } = new OneNode()
    assert.equal(await codeOfRejection(node.resolve<Counter>('score')), 'ERR_NO_ACTOR')
    assert.equal(await codeOfRejection(node.resolve('score', { on: 'z' })), 'ERR_UNKNOWN_NODE')
    node.spawn(Counter, undefined, { name: 'score' }).tell.add(4)
    const score: ActorRef<Counter> = await node.resolve<Counter>('score')
    assert.equal(await score.ask.value(), 4)
    assert.equal(score.name, 'score')
  })
})

describe('a ref to another node', () => {
  it('hands everything to the outbound side', async () => {
    const sent: unknown[] = []
    const outbound: Outbound = {
      tell: (to, method, args, options) => {
        sent.push(['tell', String(to), method.name, args, options])
        return true
      },
      ask: async (to, method, args, options) => {
        sent.push(['ask', String(to), method.name, args, options])
        return 9
      },
      ready: async (to) => void sent.push(['ready', String(to)]),
      stop: async (to, reason, timeoutMs) =>
        void sent.push(['stop', String(to), reason, timeoutMs]),
    }
    const { node, system } = new OneNode({ stopTimeoutMs: 77 }, outbound)
    const far = node.lookup(Counter, 'score', { on: 'b' })
    const text = 'troupe://b/ref/counter/name:score'
    assert.isTrue(far.with({ partitionKey: 1 }).tell.add(5))
    assert.equal(await far.ask.value(), 9)
    await far.ready()
    await system.stop(far)
    assert.deepEqual(sent, [
      ['tell', text, 'add', [5], { partitionKey: 1 }],
      ['ask', text, 'value', [], undefined],
      ['ready', text],
      ['stop', text, { type: 'normal' }, 77],
    ])
    assert.isFalse(node.isLocal(far))
  })

  it('keeps the type of a class that is not known here', async () => {
    const { system } = new OneNode()
    const text = 'troupe://b/no/such/class/01ARZ3NDEKTSV4RRFFQ69G5FAV'
    const ref = system.refAt(parseAddress(text))
    assert.equal(ref.type, 'no/such/class')
    assert.equal(String(ref), text)
    await settle()
  })

  it('is refused on a node without peers', async () => {
    const { node } = new OneNode()
    const far = node.lookup(Counter, 'score', { on: 'b' })
    assert.equal(
      codeOfThrow(() => far.tell.add(1)),
      'ERR_UNKNOWN_NODE',
    )
    assert.equal(await codeOfRejection(far.ask.value()), 'ERR_UNKNOWN_NODE')
  })
})

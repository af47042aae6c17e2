import { assert } from 'chai'
import fc from 'fast-check'
import { codeOf } from '../../src/base/errors.js'
import type { Store } from '../../src/world/store.js'
import { failureOf } from './network.js'

export interface StoreEnv {
  readonly store: Store
  complete<T>(promise: Promise<T>): Promise<T>
  dispose(): Promise<void>
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

/** What every `Store` promises. */
export function storeContract(name: string, makeEnv: () => StoreEnv): void {
  describe(`store contract: ${name}`, () => {
    let env: StoreEnv
    let store: Store
    beforeEach(() => {
      env = makeEnv()
      store = env.store
    })
    afterEach(async () => {
      await env.complete(store.close())
      await env.dispose()
    })

    const get = async (key: string): Promise<number[] | undefined> => {
      const value = await env.complete(store.get(key))
      return value === undefined ? undefined : [...value]
    }

    it('gives back what was put, and undefined for what was not', async () => {
      await env.complete(store.put('a', bytes(1, 2, 3)))
      await env.complete(store.put('empty', bytes()))
      assert.deepEqual(await get('a'), [1, 2, 3])
      assert.deepEqual(await get('empty'), [])
      assert.isUndefined(await get('b'))
    })

    it('replaces and deletes', async () => {
      await env.complete(store.put('a', bytes(1)))
      await env.complete(store.put('a', bytes(2)))
      assert.deepEqual(await get('a'), [2])
      await env.complete(store.delete('a'))
      await env.complete(store.delete('never there'))
      assert.isUndefined(await get('a'))
    })

    it('takes any text as a key', async () => {
      const keys = ['', '../up', 'a/b', 'ä', '日本', 'CON', 'A', 'a', 'x'.repeat(1_000), '\0']
      for (const [i, key] of keys.entries()) await env.complete(store.put(key, bytes(i)))
      for (const [i, key] of keys.entries()) assert.deepEqual(await get(key), [i], key)
      assert.sameMembers(await env.complete(store.keys('')), keys)
    })

    it('lists keys by prefix, sorted', async () => {
      for (const key of ['b/2', 'a/2', 'a/10', 'a', 'b'])
        await env.complete(store.put(key, bytes(1)))
      assert.deepEqual(await env.complete(store.keys('a/')), ['a/10', 'a/2'])
      assert.deepEqual(await env.complete(store.keys('')), ['a', 'a/10', 'a/2', 'b', 'b/2'])
      assert.deepEqual(await env.complete(store.keys('c')), [])
    })

    it('lets calls take effect in the order they are made, without waiting', async () => {
      const calls: Promise<unknown>[] = []
      for (let i = 0; i < 50; i++) calls.push(store.put('k', bytes(i)))
      const middle = store.get('k')
      calls.push(store.delete('k'))
      const afterDelete = store.get('k')
      calls.push(store.put('k', bytes(99)))
      await env.complete(Promise.all(calls))
      assert.deepEqual([...((await env.complete(middle)) ?? [])], [49])
      assert.isUndefined(await env.complete(afterDelete))
      assert.deepEqual(await get('k'), [99])
    })

    it('keeps copies: neither what was put nor what was got is shared', async () => {
      const value = bytes(1, 2)
      const put = store.put('a', value)
      value[0] = 9
      await env.complete(put)
      const got = await env.complete(store.get('a'))
      if (got !== undefined) got[1] = 9
      assert.deepEqual(await get('a'), [1, 2])
    })

    it('syncs, and refuses everything once closed', async () => {
      await env.complete(store.put('a', bytes(1)))
      await env.complete(store.sync())
      await env.complete(store.close())
      await env.complete(store.close())
      for (const late of [
        () => store.get('a'),
        () => store.put('a', bytes(1)),
        () => store.sync(),
      ]) {
        assert.equal(codeOf(await env.complete(failureOf(late()))), 'ERR_STORE')
      }
    })

    it('agrees with a Map whatever is done', async () => {
      const key = fc.constantFrom('a', 'b', 'ab', '')
      const call = fc.oneof(
        fc.record({
          do: fc.constant('put' as const),
          key,
          value: fc.uint8Array({ maxLength: 40 }),
        }),
        fc.record({ do: fc.constant('delete' as const), key }),
        fc.record({ do: fc.constant('get' as const), key }),
        fc.record({ do: fc.constant('keys' as const), key }),
      )
      await fc.assert(
        fc.asyncProperty(fc.array(call, { maxLength: 20 }), async (calls) => {
          for (const old of await env.complete(store.keys('')))
            await env.complete(store.delete(old))
          const model = new Map<string, number[]>()
          for (const one of calls) {
            if (one.do === 'put') {
              await env.complete(store.put(one.key, one.value))
              model.set(one.key, [...one.value])
            } else if (one.do === 'delete') {
              await env.complete(store.delete(one.key))
              model.delete(one.key)
            } else if (one.do === 'get') {
              assert.deepEqual(await get(one.key), model.get(one.key))
            } else {
              const wanted = [...model.keys()].filter((k) => k.startsWith(one.key)).sort()
              assert.deepEqual(await env.complete(store.keys(one.key)), wanted)
            }
          }
        }),
        { numRuns: 30 },
      )
    })
  })
}

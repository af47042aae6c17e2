import { assert } from 'chai'
import { CODES, type ErrorCode, TroupeError } from '../../src/index.js'
import { Ledger, Oracle } from './actors.js'
import { everywhere, promise } from './promise.js'

promise('Errors', 'name, message, code, `data` and cause', () => {
  everywhere('of what a method throws on another node', async (env) => {
    const [a, b] = await env.pair()
    const far = a.node.ref(Oracle, String(b.node.spawn(Oracle)))
    const error = await env.failure(far.ask.fails())
    assert.instanceOf(error, Error)
    assert.deepInclude(error, { name: 'RangeError', message: 'out of range', code: 'FAR' })
    assert.deepEqual(error.data, { by: 3 })
    assert.deepInclude(error.cause as Error, { name: 'TypeError', message: 'the cause' })
  })

  everywhere(
    'one without a code gets ERR_REMOTE, a value that is no error arrives as it is',
    async (env) => {
      const [a, b] = await env.pair()
      const far = () => a.node.ref(Oracle, String(b.node.spawn(Oracle)))
      assert.strictEqual(await env.failure(far().ask.throwsText()), 'a text' as never)
      const ledger = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
      const plain = await env.failure(ledger.ask.crashLater(1))
      assert.deepInclude(plain, { name: 'Error', message: 'boom, later', code: 'ERR_REMOTE' })
    },
  )

  everywhere("troupe's own errors arrive as TroupeError with code and data", async (env) => {
    const [a, b] = await env.pair()
    const far = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    const error = (await env.failure(far.ask.pay(-1))) as TroupeError
    assert.instanceOf(error, TroupeError)
    assert.strictEqual(error.code, 'ERR_BAD_ARGUMENTS')
    assert.match(error.message, /\(ERR_BAD_ARGUMENTS\)$/)
    assert.strictEqual(error.message.split('ERR_BAD_ARGUMENTS').length, 2)
    const { issues } = error.data as { issues: { message: string }[] }
    assert.strictEqual(issues[0]?.message, 'must be positive')
  })
})

promise('Errors', 'only when it was started with `remoteStacks`', () => {
  everywhere('stacks stay at home by default, causes included', async (env) => {
    const [a, b] = await env.pair()
    const far = a.node.ref(Oracle, String(b.node.spawn(Oracle)))
    const error = await env.failure(far.ask.fails())
    for (const { stack = '' } of [error, error.cause as Error]) {
      assert.notInclude(stack, 'actors.ts')
      assert.include(stack, 'at a remote node')
    }
  })

  everywhere('and travel when that node sends them', async (env) => {
    const [a, b] = [await env.start('a'), await env.start('b', { remoteStacks: true })]
    await env.complete(b.node.join(a.address))
    await env.connected(['a', 'b'])
    const far = a.node.ref(Oracle, String(b.node.spawn(Oracle)))
    const error = await env.failure(far.ask.fails())
    assert.include(error.stack, 'actors.ts')
    assert.include((error.cause as Error).stack, 'actors.ts')
    const home = b.node.ref(Oracle, String(a.node.spawn(Oracle)))
    assert.notInclude((await env.failure(home.ask.fails())).stack, 'actors.ts')
  })
})

promise('Errors', 'one class, `TroupeError`, and a closed table of codes', () => {
  it('every code says whether a second try may help, and what it means', () => {
    for (const [code, { retryable, meaning }] of Object.entries(CODES)) {
      const error = new TroupeError(code as ErrorCode, 'detail', { data: 1 })
      assert.strictEqual(error.retryable, retryable)
      assert.strictEqual(error.message, `detail (${code})`)
      assert.strictEqual(error.name, 'TroupeError')
      assert.isAbove(meaning.length, 10)
    }
  })
})

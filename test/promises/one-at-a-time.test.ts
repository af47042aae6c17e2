import { assert } from 'chai'
import { Ledger } from './actors.js'
import { everywhere, promise } from './promise.js'

promise('One at a time', 'While it awaits, the next message waits', () => {
  everywhere('whoever sends it: the asker next door, or one of another node', async (env) => {
    const [a, b] = await env.pair()
    const made = b.node.spawn(Ledger)
    const far = a.node.ref(Ledger, String(made))
    const first = made.ask.slowly(100, 'first')
    await env.run(10)
    const others = [far.ask.slowly(20, 'far'), made.ask.record('near')]
    far.tell.write('told')
    await env.run(50)
    assert.isFalse(await Promise.race([...others.map((one) => one.then(() => true)), tick()]))
    await env.complete(Promise.all([first, ...others]))
    const entries = (await env.complete(far.ask.entries())) as string[]
    assert.strictEqual(entries[0], 'first')
    assert.sameMembers(entries, ['first', 'far', 'near', 'told'])
    assert.isBelow(entries.indexOf('far'), entries.indexOf('told'), 'one sender in order')
  })
})

promise('One at a time', 'it may begin while another one awaits', () => {
  everywhere('a reentrant method passes one that awaits, also its own kind', async (env) => {
    const [a, b] = await env.pair()
    const far = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    const slow = far.ask.slowly(200, 'slow')
    await env.run(20)
    await env.complete(Promise.all([far.ask.aside(60, 'one'), far.ask.aside(20, 'two')]))
    await env.complete(slow)
    assert.deepEqual(await env.complete(far.ask.entries()), [
      'one begins',
      'two begins',
      'two ends',
      'one ends',
      'slow',
    ])
  })
})

/** False, after all promises that are settled by now have told so. */
async function tick(): Promise<boolean> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  return false
}

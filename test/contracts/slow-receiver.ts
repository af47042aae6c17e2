import { assert } from 'chai'
import type { NodeOptions } from '../../src/index.js'
import { Ledger } from '../promises/actors.js'
import type { Environment } from '../promises/environment.js'

const CHANNELS = { slow: { creditMessages: 8 }, other: {} }

/**
 * Over whatever carries the messages: what an actor that is behind cannot take waits at its sender, in
 * order, while another channel goes on.
 */
export async function slowReceiver(
  env: Environment,
  options: Partial<NodeOptions> = {},
  joins = true,
): Promise<void> {
  const a = await env.start('a', { channels: CHANNELS, ...options })
  const b = await env.start('b', { channels: CHANNELS, ...options })
  if (joins) await env.complete(b.node.join(a.address))
  await env.connected(['a', 'b'])
  const made = b.node.spawn(Ledger, undefined, { mailboxLimit: 32 })
  const ledger = a.node.ref(Ledger, String(made)).with({ channel: 'slow', timeoutMs: 30_000 })
  await env.complete(ledger.ask.size())
  const busy = made.with({ timeoutMs: 30_000 }).ask.slowly(500, 'busy')
  await env.run(20)
  const numbers = Array.from({ length: 300 }, (_, at) => at)
  for (const at of numbers) ledger.tell.write(at)
  await env.run(200)
  const { lanes } = a.node.stats().transport
  const { heldMessages = 0 } = lanes.find(({ channel }) => channel === 'slow') ?? {}
  assert.isAtLeast(heldMessages, 300 - 32)
  const other = a.node.ref(Ledger, String(b.node.spawn(Ledger))).with({ channel: 'other' })
  assert.equal(await env.complete(other.ask.record('there')), 1)
  await env.complete(busy)
  await env.complete(ledger.ready())
  assert.deepEqual(await env.complete(ledger.ask.entries()), ['busy', ...numbers])
  assert.deepEqual([...a.letters, ...b.letters], [])
}

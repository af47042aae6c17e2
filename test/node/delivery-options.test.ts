import { assert } from 'chai'
import { codeOf, type NodeOptions } from '../../src/index.js'
import { readNodeOptions } from '../../src/node/node-options.js'
import { Ledger } from '../promises/actors.js'
import { SureLedger } from '../promises/delivery-actors.js'
import { Simulated } from '../promises/simulated.js'

type Channel = NonNullable<NodeOptions['channels']>[string]

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    assert.strictEqual(codeOf(error), 'ERR_BAD_OPTION', String(error))
    return (error as Error).message
  }
  return assert.fail('was not refused')
}

const BAD_CHANNELS: readonly [name: string, options: unknown, message: string][] = [
  ['x', { reliable: 'yes' }, 'x.reliable must be true or false, got "yes"'],
  ['x', { causal: '' }, 'x.causal must be a label of 1 to 64 characters, or false, got ""'],
  ['x', { causal: true }, 'x.causal must be a label of 1 to 64 characters, or false, got true'],
  ['x', { monotonic: 1 }, 'x.monotonic must be true or false, got 1'],
  ['x', { expireAfterMs: 0 }, 'x.expireAfterMs must be a number of milliseconds from 1'],
  ['x', { reliable: false, causal: 'talk' }, 'x.reliable must not be false with a causal label'],
  [
    'x',
    { acknowledged: true },
    'x.acknowledged is not an option; there are: connections, policy, compressFromBytes, creditMessages, creditBytes, reliable',
  ],
  ['x', { policy: 'block' }, "x.policy must be 'fail' or 'dropOldest' or 'dropNewest' or 'wait'"],
  ['x', 7, 'x must be an object of options, got 7'],
  ['membership', { reliable: true }, 'channels.membership is reserved for the runtime'],
]

const BAD_SENDS: readonly [options: unknown, message: string][] = [
  [{ reliable: 1 }, 'with.reliable must be true or false, got 1'],
  [{ causal: 'x'.repeat(65) }, 'with.causal must be a label of 1 to 64 characters, or false'],
  [{ monotonic: 'no' }, 'with.monotonic must be true or false, got "no"'],
  [{ inOrder: 0 }, 'with.inOrder must be true or false, got 0'],
  [{ expireAfterMs: -1 }, 'with.expireAfterMs must be a number of milliseconds from 1'],
  [
    { reliable: false, causal: 'x' },
    'with.reliable must not be false with a causal label, got "x"',
  ],
  [{ durable: true }, 'reliable, causal, monotonic, inOrder, expireAfterMs'],
]

describe('options of delivery', () => {
  for (const [name, options, message] of BAD_CHANNELS) {
    it(`refuse ${JSON.stringify(options)} of channel ${name}`, () => {
      const channels = { [name]: options as Channel }
      assert.include(
        refusal(() => readNodeOptions({ name: 'a', channels })),
        message,
      )
    })
  }

  it('refuse bad bounds of the stages', () => {
    const read = (delivery: object) => () => readNodeOptions({ name: 'a', delivery })
    const windows = refusal(read({ acknowledged: { windowMessages: 0 } }))
    assert.include(windows, 'startNode.delivery.acknowledged.windowMessages must be')
    assert.include(refusal(read({ durably: {} })), 'startNode.delivery.durably is not an option')
    assert.include(refusal(read({ causal: 7 })), 'startNode.delivery.causal must be an object')
  })

  it('take apart what concerns lanes and what concerns delivery', () => {
    const { channels, channelDelivery } = readNodeOptions({
      name: 'a',
      channels: {
        orders: { reliable: true, connections: 2 },
        talk: { causal: 'talk', policy: 'wait', reliable: undefined as never },
        plain: {},
      },
    })
    assert.deepEqual(channels, {
      orders: { connections: 2 },
      talk: { policy: 'wait' },
      plain: {},
    })
    assert.deepEqual(channelDelivery as object, {
      orders: { reliable: true },
      talk: { causal: 'talk' },
    })
  })

  it('of one send are checked by with, also together with those before', async () => {
    const env = new Simulated(1)
    const a = await env.start('a')
    const ref = a.node.spawn(Ledger)
    for (const [options, message] of BAD_SENDS) {
      assert.include(
        refusal(() => ref.with(options as object)),
        message,
      )
    }
    assert.include(
      refusal(() => ref.with({ causal: 'x' }).with({ reliable: false })),
      'with.reliable must not be false',
    )
    await env.close()
  })

  it('of a class travel in its method table: who has the type alone sends alike', async () => {
    const env = new Simulated(1)
    const [a, b] = await env.pair()
    b.node.spawn(SureLedger, undefined, { name: 'sure' })
    const ref = await env.complete(a.node.resolve<SureLedger>('sure', { on: 'b' }))
    assert.deepEqual(ref.definition.method('write')?.delivery, { reliable: true })
    ref.tell.write('once')
    await env.until('it is acknowledged', () => a.node.stats().delivery?.acknowledged === 1)
    await env.close()
  })

  it('win from one send over its method, over its class, over its channel', async () => {
    const env = new Simulated(1)
    const [a, b] = await env.pair({ channels: { sure: { reliable: true } } })
    const acknowledged = () => a.node.stats().delivery?.acknowledged ?? 0
    const sure = a.node.ref(SureLedger, String(b.node.spawn(SureLedger)))
    const plain = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    const cases: [send: () => boolean, isReliable: boolean][] = [
      [() => plain.tell.write(1), false],
      [() => plain.with({ channel: 'sure' }).tell.write(1), true],
      [() => plain.with({ channel: 'sure', reliable: false }).tell.write(1), false],
      [() => plain.with({ reliable: true }).tell.write(1), true],
      [() => sure.tell.write(1), true],
      [() => sure.with({ reliable: false }).tell.write(1), false],
    ]
    for (const [send, isReliable] of cases) {
      const before = acknowledged()
      assert.isTrue(send())
      await env.run(100)
      assert.strictEqual(acknowledged() - before, isReliable ? 1 : 0, String(send))
    }
    await env.close()
  })

  it('tell the sender what its peer is too small for, at once or as a dead letter', async () => {
    const env = new Simulated(1)
    const a = await env.start('a')
    const b = await env.start('b', { connections: { maxMessageBytes: 200_000 } })
    await env.complete(b.node.join(a.address))
    await env.connected(['a', 'b'])
    const made = b.node.spawn(SureLedger)
    const ledger = a.node.ref(SureLedger, String(made))
    try {
      ledger.tell.write('large', new Uint8Array(300_000))
      assert.fail('was not refused')
    } catch (error) {
      assert.strictEqual(codeOf(error), 'ERR_TOO_LARGE')
    }
    ledger.tell.write('small')
    await env.until('it is acknowledged', () => a.node.stats().delivery?.pending === 0)
    assert.deepEqual(await env.complete(made.ask.entries()), ['small'])
    assert.lengthOf(a.letters, 0)
    await env.close()
  })

  it('cost a node nothing that asks for nothing', async () => {
    const env = new Simulated(1)
    const [a, b] = await env.pair()
    const ledger = a.node.ref(Ledger, String(b.node.spawn(Ledger)))
    for (let at = 0; at < 100; at++) ledger.tell.write(at)
    await env.complete(ledger.ask.size())
    const { refused, durable, ...figures } = a.node.stats().delivery ?? { refused: {}, durable: {} }
    const all = [figures, refused, durable].flatMap((each) => Object.values(each))
    for (const each of all) {
      assert.strictEqual(each, 0)
    }
    await env.close()
  })
})

import { assert } from 'chai'
import {
  Actor,
  type ActorRef,
  actor,
  codeOf,
  type DeadLetter,
  type Node,
  type NodeOptions,
  silentLogger,
  startNode,
} from '../../src/index.js'
import { Simulation } from '../../src/simulation/simulation.js'
import { promise } from './promise.js'

@actor('promises/orders')
class Orders extends Actor<{ book: string[] }> {
  add(order: string): void {
    this.args.book.push(order)
  }

  /** Begins, and never ends. */
  begin(order: string): Promise<void> {
    this.args.book.push(`begun ${order}`)
    return new Promise(() => {})
  }

  size(): number {
    return this.args.book.length
  }
}

/** Two nodes that start anew as often as they like; `book` is what their actors have handled. */
class Pair {
  readonly sim = new Simulation({ seed: 1 })
  readonly book: string[] = []
  readonly letters: DeadLetter[] = []
  readonly #running = new Map<string, Node>()
  readonly #options: Partial<NodeOptions>

  readonly #storeless: readonly string[]

  /** `storeless`: nodes without a store, which send nothing that is durable. */
  constructor(options: Partial<NodeOptions> = {}, storeless: readonly string[] = []) {
    this.#options = options
    this.#storeless = storeless
  }

  async start(name: string, spawns = true): Promise<Node> {
    const anew = this.#running.has(name)
    const { store, ...others } = anew ? this.sim.restart(name) : this.sim.world(name)
    const stores = store !== undefined && !this.#storeless.includes(name)
    const node = await this.sim.complete(
      startNode({
        name,
        world: stores ? { ...others, store } : others,
        listen: { host: name, port: 9_000 },
        cookie: 'secret',
        channels: { orders: stores ? { durable: true } : {} },
        logger: silentLogger,
        ...this.#options,
      }),
    )
    this.#running.set(name, node)
    node.events.on('deadLetter', (letter) => this.letters.push(letter))
    if (spawns) node.spawn(Orders, { book: this.book }, { name: 'orders' })
    return node
  }

  async both(): Promise<{ a: Node; b: Node }> {
    const a = await this.start('a')
    const b = await this.start('b')
    await this.sim.complete(a.join('b:9000'))
    return { a, b }
  }

  /** The power of a machine is lost: what was not synced is gone. */
  lose(name: string): void {
    this.sim.crash(name, { silent: true })
  }

  tell(from: Node, ...orders: string[]): boolean[] {
    return orders.map((order) => to(from).tell.add(order))
  }

  async until(...book: string[]): Promise<void> {
    await this.sim.runUntil(() => this.book.length >= book.length, 60_000, `${book.length} orders`)
    await this.sim.run(5_000)
    assert.deepEqual(this.book, book)
  }
}

const to = (from: Node, on = 'b'): ActorRef<Orders> =>
  from.lookup(Orders, 'orders', { on }).with({ channel: 'orders' })

const waiting = (node: Node): number => node.stats().delivery?.durable.waiting ?? 0

promise(
  'Durable delivery',
  "a tell is in the sender's store, synced, before it is sent for the first time",
  () => {
    it('is sent after its sender and its receiver have lost their power, in order', async () => {
      const pair = new Pair()
      const { a } = await pair.both()
      pair.lose('b')
      await pair.sim.run(10_000)
      assert.deepEqual(pair.tell(a, '1', '2', '3'), [true, true, true])
      await pair.sim.run(100)
      pair.lose('a')
      const again = await pair.start('a')
      assert.strictEqual(waiting(again), 3)
      pair.tell(again, '4')
      await pair.start('b')
      await pair.sim.complete(again.join('b:9000'))
      await pair.until('1', '2', '3', '4')
      assert.strictEqual(waiting(again), 0)
    })

    it('goes by forward, too', async () => {
      const pair = new Pair()
      const { a } = await pair.both()
      a.forward({ node: 'b', name: 'orders' }, '1', { channel: 'orders' })
      pair.lose('b')
      const b = await pair.start('b')
      b.onForward('orders', (order) => {
        pair.book.push(String(order))
      })
      await pair.sim.complete(a.join('b:9000'))
      await pair.until('1')
    })
  },
)

promise('Durable delivery', 'comes again to the next start of the node', () => {
  it('comes again to the next start of a node that died before its handler had ended', async () => {
    const pair = new Pair()
    const { a } = await pair.both()
    to(a).tell.begin('1')
    to(a).tell.add('2')
    await pair.sim.runUntil(() => pair.book.length === 1, 1_000, 'it is begun')
    pair.lose('b')
    await pair.start('b')
    await pair.sim.complete(a.join('b:9000'))
    await pair.until('begun 1', 'begun 1')
    assert.strictEqual(waiting(a), 2)
  })
})

promise('Durable delivery', 'what the store has as handled never comes again', () => {
  it('is not handled again by a receiver that has stored that it was, and could not say so', async () => {
    const pair = new Pair({ timing: { silenceMs: 60_000 } })
    const { a, b } = await pair.both()
    pair.tell(a, '1')
    await pair.sim.runUntil(() => pair.book.length === 1, 1_000, 'it is handled')
    // The store has it within a millisecond; what b says from here on is lost.
    pair.sim.partition(['a'], ['b'])
    await pair.sim.run(100)
    assert.strictEqual(waiting(a), 1)
    assert.strictEqual(b.stats().delivery?.durable.running, 0)
    pair.lose('b')
    pair.lose('a')
    const sender = await pair.start('a')
    const receiver = await pair.start('b')
    pair.sim.heal()
    await pair.sim.complete(sender.join('b:9000'))
    pair.tell(sender, '2')
    await pair.until('1', '2')
    assert.strictEqual(receiver.stats().delivery?.durable.duplicates, 1)
    assert.strictEqual(waiting(sender), 0)
  })
})

promise('Durable delivery', 'A tell is addressed to a registered name', () => {
  it('waits for the name of its receiver to be registered', async () => {
    const pair = new Pair()
    const { a } = await pair.both()
    pair.lose('b')
    pair.tell(a, '1', '2')
    const b = await pair.start('b', false)
    await pair.sim.complete(a.join('b:9000'))
    await pair.sim.run(5_000)
    assert.deepEqual(pair.book, [])
    b.spawn(Orders, { book: pair.book }, { name: 'orders' })
    await pair.until('1', '2')
    assert.lengthOf(pair.letters, 0)
  })

  it('waits for a node that is not known yet', async () => {
    const pair = new Pair()
    const a = await pair.start('a')
    assert.deepEqual(pair.tell(a, '1'), [true])
    await pair.start('b')
    await pair.sim.complete(a.join('b:9000'))
    await pair.until('1')
  })

  it('to an actor by its id is a dead letter once its node has started anew', async () => {
    const pair = new Pair()
    const { a, b } = await pair.both()
    const unnamed = a.ref(Orders, String(b.spawn(Orders, { book: pair.book })))
    pair.lose('b')
    assert.isTrue(unnamed.with({ channel: 'orders' }).tell.add('1'))
    pair.tell(a, '2')
    await pair.start('b')
    await pair.sim.complete(a.join('b:9000'))
    await pair.until('2')
    assert.deepEqual(
      pair.letters.map(({ reason, args }) => [reason, ...args]),
      [['ERR_NODE_DOWN', '1']],
    )
    assert.strictEqual(waiting(a), 0)
  })
})

promise('Durable delivery', 'when somebody takes the node out of the membership', () => {
  it('is a dead letter when somebody takes its node out of the membership', async () => {
    const pair = new Pair()
    const { a } = await pair.both()
    pair.lose('b')
    pair.tell(a, '1')
    await pair.sim.run(100)
    a.leave('b')
    await pair.sim.run(1_000)
    assert.deepEqual(
      pair.letters.map(({ reason }) => reason),
      ['ERR_NODE_DOWN'],
    )
    assert.strictEqual(waiting(a), 0)
  })
})

promise(
  'Durable delivery',
  'What the store does not take is a dead letter with `ERR_STORE`',
  () => {
    it('is refused while the store fails, and an ask as well', async () => {
      const pair = new Pair()
      const { a } = await pair.both()
      pair.sim.disk('a', 'full')
      pair.tell(a, '1')
      await pair.sim.run(100)
      assert.deepEqual(pair.tell(a, '2'), [false])
      const asked = to(a).ask.size()
      const code = await pair.sim.complete(asked.then(String, (error) => codeOf(error)))
      assert.strictEqual(code, 'ERR_STORE')
      assert.deepEqual(
        pair.letters.map(({ reason, args }) => [reason, ...args]),
        [
          ['ERR_STORE', '1'],
          ['ERR_STORE', '2'],
        ],
      )
      pair.sim.disk('a', 'sound')
      await pair.sim.run(1_000)
      pair.tell(a, '3')
      await pair.until('3')
    })
  },
)

promise('Durable delivery', 'keeps its place behind the tells of its channel', () => {
  it('keeps its place before an ask of its key', async () => {
    const pair = new Pair()
    const { a } = await pair.both()
    pair.tell(a, '1', '2')
    assert.strictEqual(await pair.sim.complete(to(a).ask.size()), 2)
  })
})

promise('Durable delivery', 'The outbox holds `delivery.durable.maxMessages`', () => {
  it('is given up at expireAfterMs, and refused at the bound of the outbox', async () => {
    const pair = new Pair({ delivery: { durable: { maxMessages: 2 } } })
    const { a } = await pair.both()
    pair.lose('b')
    await pair.sim.run(10_000)
    to(a).with({ expireAfterMs: 1_000 }).tell.add('1')
    pair.tell(a, '2')
    assert.deepEqual(pair.tell(a, '3'), [false])
    await pair.sim.run(3_000)
    await pair.start('b')
    await pair.sim.complete(a.join('b:9000'))
    await pair.sim.run(5_000)
    assert.includeMembers(
      pair.letters.map(({ reason, args }) => `${reason} ${args}`),
      ['ERR_LANE_FULL 3'],
    )
    assert.strictEqual(pair.book.at(-1), '2')
    assert.strictEqual(waiting(a), 0)
  })
})

promise('Durable delivery', 'A record that a crash has torn is left out', () => {
  it('that was torn by a loss of power was not promised, and takes nothing else along', async () => {
    const pair = new Pair()
    const { a } = await pair.both()
    pair.lose('b')
    pair.tell(a, '1', '2')
    await pair.sim.run(100)
    pair.sim.disk('a', 'torn')
    pair.tell(a, '3')
    await pair.sim.run(0.4)
    pair.lose('a')
    pair.sim.disk('a', 'sound')
    const again = await pair.start('a')
    await pair.start('b')
    await pair.sim.complete(again.join('b:9000'))
    pair.tell(again, '4')
    await pair.sim.runUntil(() => pair.book.includes('4'), 60_000, 'the last one')
    assert.deepEqual(
      pair.book.filter((order) => order !== '3'),
      ['1', '2', '4'],
    )
  })
})

promise('Durable delivery', 'A receiver without a store remembers for as long as it runs', () => {
  it('drops what comes again while it runs', async () => {
    const pair = new Pair({}, ['b'])
    const { a, b } = await pair.both()
    pair.tell(a, '1')
    await pair.until('1')
    pair.tell(a, '2')
    await pair.sim.runUntil(() => pair.book.length === 2, 1_000, 'it is handled')
    pair.sim.partition(['a'], ['b'])
    pair.lose('a')
    const again = await pair.start('a')
    pair.sim.heal()
    await pair.sim.complete(again.join('b:9000'))
    pair.tell(again, '3')
    await pair.until('1', '2', '3')
    assert.strictEqual(waiting(again), 0)
    assert.strictEqual(b.stats().delivery?.durable.senders, 1)
  })

  it('forgets who is no member and was silent for keepSeenMs', async () => {
    const keepSeenMs = 10_000
    const pair = new Pair({ delivery: { durable: { keepSeenMs } } })
    const { a, b } = await pair.both()
    pair.tell(a, '1')
    await pair.until('1')
    const senders = (): number | undefined => b.stats().delivery?.durable.senders
    assert.strictEqual(senders(), 1)
    await pair.sim.run(3 * keepSeenMs)
    assert.strictEqual(senders(), 1)
    pair.lose('a')
    b.leave('a')
    await pair.sim.run(3 * keepSeenMs)
    assert.strictEqual(senders(), 0)
  })
})

promise('Durable delivery', 'both are refused with `ERR_BAD_OPTION`', () => {
  const refusal = async (options: Partial<NodeOptions>): Promise<string> => {
    try {
      const node = await startNode({ name: 'a', ...options })
      await node.stop()
    } catch (error) {
      assert.strictEqual(codeOf(error), 'ERR_BAD_OPTION')
      return (error as Error).message
    }
    return 'it was not refused'
  }

  it('a durable channel is refused without a store, saying which options give one', async () => {
    const message = await refusal({ channels: { orders: { durable: true } } })
    assert.include(message, 'startNode.channels.orders.durable needs a store')
    assert.include(message, 'startNode.dataDir')
  })

  it('a durable channel is refused with a causal label or monotonic', async () => {
    const dataDir = '/nowhere'
    for (const other of [{ causal: 'x' }, { monotonic: true }, { reliable: false }]) {
      const message = await refusal({ dataDir, channels: { orders: { durable: true, ...other } } })
      assert.include(message, 'a durable channel does not go with')
    }
  })
})

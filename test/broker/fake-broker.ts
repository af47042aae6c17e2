import { TroupeError } from '../../src/base/errors.js'
import type { Broker, BrokerLink, Fate, LinkSink, QueueWish } from '../../src/broker/broker-link.js'
import { Codec } from '../../src/wire/codec.js'
import type { Connection } from '../../src/world/network.js'
import type { World } from '../../src/world/world.js'

const codec = new Codec()
const PORT = 5_672

type Frame = readonly [op: string, ...fields: unknown[]]

/** Values over a byte stream: a length, then the value. */
class FrameLine {
  readonly #connection: Connection
  #rest: Buffer = Buffer.alloc(0)

  constructor(
    connection: Connection,
    onFrame: (frame: Frame) => void,
    onClose: (error?: Error) => void,
  ) {
    this.#connection = connection
    connection.attach({
      onData: (bytes) => {
        this.#rest = Buffer.concat([this.#rest, bytes])
        while (this.#rest.length >= 4) {
          const size = this.#rest.readUInt32BE(0)
          if (this.#rest.length < 4 + size) return
          const body = this.#rest.subarray(4, 4 + size)
          this.#rest = this.#rest.subarray(4 + size)
          onFrame(codec.decodeValue(body) as Frame)
        }
      },
      onDrain() {},
      onClose,
    })
  }

  send(...frame: Frame): void {
    const body = codec.encodeValue(frame)
    const head = Buffer.alloc(4)
    head.writeUInt32BE(body.length)
    this.#connection.write(Buffer.concat([head, body]))
  }

  destroy(): void {
    this.#connection.destroy()
  }
}

interface Held {
  readonly body: Uint8Array
}

class Queue {
  readonly wish: QueueWish
  messages: Held[] = []
  bytes = 0
  client: Client | undefined

  constructor(wish: QueueWish) {
    this.wish = wish
  }
}

interface Client {
  readonly line: FrameLine
  queue: Queue | undefined
  readonly unacked: Map<number, Held>
  tag: number
}

/**
 * A message broker in one object, on a host of any network: topic exchanges without wildcards, queues
 * with bounds, confirms, prefetch, returns, redelivery. It can be told to misbehave.
 */
export class FakeBroker {
  readonly queues = new Map<string, Queue>()
  /** It takes messages and does not confirm them. */
  losesConfirms = false
  /** It hands every message over twice. */
  repeats = false
  /** It lets nobody in, for this reason. */
  refuses: string | undefined
  attempts = 0
  readonly #clients = new Set<Client>()

  /** Listens on the host of that world. */
  async open(world: World, host: string): Promise<this> {
    await world.network.listen({ host, port: PORT }, (connection) => this.#accept(connection))
    return this
  }

  /** What a restart leaves: durable queues, without what was in them. */
  restarted(): FakeBroker {
    const next = new FakeBroker()
    for (const [name, { wish }] of this.queues) {
      if (wish.durable) next.queues.set(name, new Queue(wish))
    }
    return next
  }

  /** Breaks all connections. */
  drop(): void {
    for (const client of this.#clients) client.line.destroy()
  }

  #accept(connection: Connection): void {
    const client: Client = {
      line: new FrameLine(
        connection,
        (frame) => this.#frame(client, frame),
        () => this.#gone(client),
      ),
      queue: undefined,
      unacked: new Map(),
      tag: 0,
    }
    this.#clients.add(client)
  }

  #frame(client: Client, [op, ...fields]: Frame): void {
    if (op === 'open') this.#opened(client, fields[0] as QueueWish)
    else if (op === 'ack') {
      for (const tag of client.unacked.keys()) {
        if (tag <= (fields[0] as number)) client.unacked.delete(tag)
      }
      if (client.queue !== undefined) this.#pump(client.queue)
    } else if (op === 'publish') this.#published(client, fields)
    else if (op === 'close') {
      if (client.queue !== undefined) this.queues.delete(client.queue.wish.queue)
      client.line.destroy()
    }
  }

  #opened(client: Client, wish: QueueWish): void {
    this.attempts++
    let queue = this.queues.get(wish.queue)
    if (this.refuses !== undefined || queue?.client !== undefined) {
      client.line.send('refused', this.refuses ?? `queue ${wish.queue} is in use`)
      return
    }
    queue ??= new Queue(wish)
    this.queues.set(wish.queue, queue)
    queue.client = client
    client.queue = queue
    client.line.send('opened')
    this.#pump(queue)
  }

  #published(client: Client, fields: readonly unknown[]): void {
    const [exchange, number, key, body] = fields as [string, number, string, Uint8Array]
    const wanted = [...this.queues.values()].filter(
      ({ wish }) => wish.exchange === exchange && wish.keys.includes(key),
    )
    let fate: Fate = wanted.length === 0 ? 'nobody' : 'taken'
    for (const queue of wanted) {
      if (queue.bytes + body.length > queue.wish.queueMaxBytes) fate = 'refused'
      else {
        queue.messages.push({ body })
        queue.bytes += body.length
        this.#pump(queue)
      }
    }
    if (!this.losesConfirms) client.line.send('fate', number, fate)
  }

  #pump(queue: Queue): void {
    const { client, wish } = queue
    if (client === undefined) return
    while (queue.messages.length > 0 && client.unacked.size < wish.prefetch) {
      const held = queue.messages.shift() as Held
      queue.bytes -= held.body.length
      for (let i = 0; i < (this.repeats ? 2 : 1); i++) {
        client.unacked.set(++client.tag, held)
        client.line.send('message', client.tag, held.body)
      }
    }
  }

  #gone(client: Client): void {
    this.#clients.delete(client)
    const { queue } = client
    if (queue?.client !== client) return
    queue.client = undefined
    if (!queue.wish.durable) {
      this.queues.delete(queue.wish.queue)
      return
    }
    queue.messages.unshift(...client.unacked.values())
    for (const { body } of client.unacked.values()) queue.bytes += body.length
  }
}

/** The way of a node to a fake broker, over the network of the node's world. */
export const fakeBrokerAt = (host: string): Broker => ({
  place: `fake://${host}`,
  open: async (world, wish, sink, timeoutMs) => {
    const connection = await world.network.connect({ host, port: PORT }, { timeoutMs })
    return new Promise((resolve, reject) => {
      const link = new FakeLink(connection, wish.exchange, sink, (error) => {
        if (error === undefined) resolve(link)
        else reject(error)
      })
      link.open(wish)
    })
  },
})

class FakeLink implements BrokerLink {
  readonly #line: FrameLine
  readonly #exchange: string
  readonly #sink: LinkSink
  readonly #awaiting = new Map<number, (fate: Fate) => void>()
  #published = 0
  #over = false
  #opened = false
  readonly #settle: (error?: TroupeError) => void

  constructor(
    connection: Connection,
    exchange: string,
    sink: LinkSink,
    settle: (error?: TroupeError) => void,
  ) {
    this.#exchange = exchange
    this.#sink = sink
    this.#settle = settle
    this.#line = new FrameLine(
      connection,
      (frame) => this.#frame(frame),
      () => this.#lost(),
    )
  }

  open(wish: QueueWish): void {
    this.#line.send('open', wish)
  }

  publish(key: string, body: Uint8Array, _mandatory: boolean, done: (fate: Fate) => void): void {
    if (this.#over) return
    this.#awaiting.set(++this.#published, done)
    this.#line.send('publish', this.#exchange, this.#published, key, body)
  }

  ack(tag: number): void {
    if (!this.#over) this.#line.send('ack', tag)
  }

  async close(): Promise<void> {
    this.#over = true
    this.#line.send('close')
  }

  abort(): void {
    this.#over = true
    this.#line.destroy()
  }

  #frame([op, first, second]: Frame): void {
    if (this.#over) return
    if (op === 'opened') {
      this.#opened = true
      this.#settle()
    } else if (op === 'refused') {
      this.#over = true
      this.#line.destroy()
      this.#settle(new TroupeError('ERR_CONNECT', `the broker said: ${first}`))
    } else if (op === 'message') this.#sink.message(second as Uint8Array, first as number)
    else {
      this.#awaiting.get(first as number)?.(second as Fate)
      this.#awaiting.delete(first as number)
    }
  }

  #lost(): void {
    if (this.#over) return
    this.#over = true
    const error = new TroupeError('ERR_CONNECTION_LOST', 'the connection to the broker was lost')
    if (this.#opened) this.#sink.lost(error)
    else this.#settle(error)
  }
}

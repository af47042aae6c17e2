import type { ChannelModel, ConfirmChannel, ConsumeMessage, Message } from 'amqplib'
import { codeOf, TroupeError } from '../base/errors.js'
import { runOutside } from '../world/real/outside.js'
import type { World } from '../world/world.js'
import type { Broker, BrokerLink, Fate, LinkSink, QueueWish } from './broker-link.js'
import { parseBrokerUrl, placeOf } from './broker-options.js'

export type Amqp = Pick<typeof import('amqplib'), 'connect'>

/** The broker's side notices a dead connection after two of these. */
const HEARTBEAT_S = 5

/** @throws TroupeError ERR_PACKAGE_MISSING */
export async function loadAmqp(load: () => Promise<Amqp> = () => import('amqplib')): Promise<Amqp> {
  try {
    return await load()
  } catch (cause) {
    if (codeOf(cause) !== 'ERR_MODULE_NOT_FOUND') throw cause
    const detail = 'the broker overlay needs the package amqplib: npm install amqplib'
    throw new TroupeError('ERR_PACKAGE_MISSING', detail, { cause })
  }
}

/** RabbitMQ, or what else speaks AMQP 0-9-1 with publisher confirms. */
export class AmqpBroker implements Broker {
  readonly place: string
  readonly #amqp: Amqp
  readonly #url: string

  /** @throws TroupeError ERR_BAD_OPTION */
  constructor(amqp: Amqp, text: string) {
    const url = parseBrokerUrl(text)
    this.place = placeOf(url)
    if (!url.searchParams.has('heartbeat')) url.searchParams.set('heartbeat', String(HEARTBEAT_S))
    this.#amqp = amqp
    this.#url = url.href
  }

  async open(
    _world: World,
    wish: QueueWish,
    sink: LinkSink,
    timeoutMs: number,
  ): Promise<BrokerLink> {
    const socket = {
      timeout: timeoutMs,
      noDelay: true,
      clientProperties: { connection_name: wish.queue },
    }
    let model: ChannelModel | undefined
    try {
      model = await runOutside(() => this.#amqp.connect(this.#url, socket))
      const link = new AmqpLink(this.place, model, wish, sink)
      await link.open(wish)
      return link
    } catch (cause) {
      if (model !== undefined) destroy(model)
      const detail = `the broker ${this.place} did not take this node: ${reasonOf(cause)}`
      throw new TroupeError('ERR_CONNECT', detail, { cause })
    }
  }
}

class AmqpLink implements BrokerLink {
  readonly #place: string
  readonly #model: ChannelModel
  readonly #exchange: string
  readonly #queue: string
  readonly #sink: LinkSink
  /** Messages that came back, by the number they were given. */
  readonly #returned = new Set<string>()
  #channel: ConfirmChannel | undefined
  #published = 0
  #over = false
  #error: Error | undefined

  constructor(place: string, model: ChannelModel, wish: QueueWish, sink: LinkSink) {
    this.#place = place
    this.#model = model
    this.#exchange = wish.exchange
    this.#queue = wish.queue
    this.#sink = sink
    model.on('error', (error) => {
      this.#error ??= error
    })
    model.on('close', (error) => this.#lost(error))
  }

  async open(wish: QueueWish): Promise<void> {
    const { exchange, queue, durable, expiresMs, queueMaxBytes } = wish
    const channel = await this.#model.createConfirmChannel()
    channel.on('error', (error) => {
      this.#error ??= error
    })
    channel.on('close', () => this.#lost())
    channel.on('return', ({ properties }) => this.#returned.add(properties.messageId as string))
    // The same for all nodes: durable queues keep their bindings to it over a restart of the broker.
    await channel.assertExchange(exchange, 'topic', { durable: true, autoDelete: true })
    await channel.assertQueue(queue, {
      durable,
      exclusive: !durable,
      autoDelete: false,
      arguments: {
        ...(durable && { 'x-expires': expiresMs }),
        'x-max-length-bytes': queueMaxBytes,
        'x-overflow': 'reject-publish',
      },
    })
    for (const key of wish.keys) await channel.bindQueue(queue, exchange, key)
    await channel.prefetch(wish.prefetch)
    this.#channel = channel
    await channel.consume(queue, (message) => this.#delivered(message), { exclusive: true })
  }

  publish(key: string, body: Uint8Array, mandatory: boolean, done: (fate: Fate) => void): void {
    if (this.#over || this.#channel === undefined) return
    const id = String(++this.#published)
    const content = Buffer.from(body.buffer, body.byteOffset, body.length)
    const options = mandatory ? { mandatory, messageId: id } : {}
    try {
      this.#channel.publish(this.#exchange, key, content, options, (error: unknown) => {
        if (this.#over) return
        const nobody = mandatory && this.#returned.delete(id) // told before the confirm
        done(nobody ? 'nobody' : error === null ? 'taken' : 'refused')
      })
    } catch (error) {
      this.#lost(error as Error) // the channel closed a moment ago
    }
  }

  ack(tag: number): void {
    if (this.#over) return
    try {
      this.#channel?.ack({ fields: { deliveryTag: tag } } as Message, true)
    } catch (error) {
      this.#lost(error as Error)
    }
  }

  async close(): Promise<void> {
    if (this.#over) return
    this.#over = true
    try {
      await this.#channel?.deleteQueue(this.#queue)
      await this.#model.close()
    } catch {
      destroy(this.#model)
    }
  }

  abort(): void {
    this.#over = true
    destroy(this.#model)
  }

  /** Null: the broker has cancelled the consumer, as when somebody deletes the queue. */
  #delivered(message: ConsumeMessage | null): void {
    if (this.#over) return
    if (message === null) this.#lost(new Error('the queue of this node was deleted'))
    else this.#sink.message(message.content, message.fields.deliveryTag)
  }

  #lost(error: Error | undefined = this.#error): void {
    if (this.#over) return
    this.#over = true
    destroy(this.#model)
    const why = this.#error ?? error
    const detail = `the connection to the broker ${this.#place} was lost`
    const text = why === undefined ? detail : `${detail}: ${reasonOf(why)}`
    const options = why === undefined ? {} : { cause: why }
    this.#sink.lost(new TroupeError('ERR_CONNECTION_LOST', text, options))
  }
}

/** The socket under a connection of amqplib, which has no way to end one at once. */
function destroy(model: ChannelModel): void {
  const { stream } = model.connection as unknown as { stream?: { destroy?(): void } }
  stream?.destroy?.()
}

/** What amqplib makes of the broker's "no" to a virtual host; the reason given is lost in it. */
const NO_VHOST = /^Expected ConnectionOpenOk; got <ConnectionClose/

/** An AggregateError (several addresses of one name tried) has no message of its own. */
function reasonOf(thrown: unknown): string {
  const { message, code } = thrown as { message?: string; code?: unknown }
  if (NO_VHOST.test(message ?? '')) {
    return 'its virtual host is not there, or this user may not use it'
  }
  return message || String(code ?? thrown)
}

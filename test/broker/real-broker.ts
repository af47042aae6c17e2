import { AmqpBroker, loadAmqp } from '../../src/broker/amqp-broker.js'
import { overBroker } from '../../src/broker/broker.js'
import type { Broker, BrokerLink } from '../../src/broker/broker-link.js'
import { type BrokerOptions, readBrokerOptions } from '../../src/broker/broker-options.js'
import type { OverlayWithMedium } from '../../src/cluster/medium.js'

/** The RabbitMQ that tests may use. */
export const AMQP_URL = process.env['AMQP_URL'] ?? 'amqp://guest:guest@127.0.0.1:5672'

let answer: Promise<string | undefined> | undefined

/** For a `before`: skips what follows where no broker answers, and says so; on CI it fails. */
export async function brokerOrSkip(hook: { skip(): void }): Promise<void> {
  answer ??= noAnswer()
  const reason = await answer
  if (reason === undefined) return
  const text = `no RabbitMQ answers at AMQP_URL (${reason}): its tests are SKIPPED`
  if (process.env['CI'] === 'true') throw new Error(`${text}, which is a failure where CI=true`)
  process.stderr.write(`\n!!! ${text}\n`)
  hook.skip()
}

async function noAnswer(): Promise<string | undefined> {
  try {
    const amqp = await loadAmqp()
    const connection = await amqp.connect(AMQP_URL, { timeout: 3_000 })
    await connection.close()
    return undefined
  } catch (error) {
    return String(error)
  }
}

let clusters = 0

/** A cluster name that no other test uses, and no other run. */
export const ownCluster = (): string => `test-${process.pid}-${++clusters}`

/** Overlays over the real broker, whose links can be severed by node as by the end of its process. */
export class Links {
  readonly options: Partial<BrokerOptions>
  readonly #links = new Map<string, Set<BrokerLink>>()

  constructor(options: Partial<BrokerOptions>) {
    this.options = { url: AMQP_URL, ...options }
  }

  overlay(): OverlayWithMedium {
    const options = readBrokerOptions(this.options)
    return overBroker(options, async ({ self }) =>
      this.#watched(self.name, new AmqpBroker(await loadAmqp(), options.url)),
    )
  }

  sever(name: string): void {
    for (const link of this.#links.get(name) ?? []) link.abort()
    this.#links.delete(name)
  }

  #watched(name: string, broker: Broker): Broker {
    return {
      place: broker.place,
      open: async (...args) => {
        const link = await broker.open(...args)
        const links = this.#links.get(name) ?? new Set()
        this.#links.set(name, links.add(link))
        return link
      },
    }
  }
}

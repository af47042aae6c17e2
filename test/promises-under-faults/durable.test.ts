import { Actor, type ActorRef, actor, type Node } from '../../src/index.js'
import {
  type Check,
  type Client,
  check,
  type FaultModel,
  type Scenario,
} from '../../src/simulation/index.js'
import {
  crashes,
  disks,
  doubles,
  isMissed,
  losses,
  NAMES,
  tcp,
  underFaults,
} from './scenario-suite.js'

/** One message as it was sent, or as it was handled. */
interface Order {
  /** The start of the node that sent it. */
  readonly from: string
  readonly to: string
  readonly key: string
  readonly seq: number
}

/** What all nodes have handled, in the order of time: it outlives them. */
class Book {
  readonly sent: Order[] = []
  readonly handled: (Order & { readonly by: string })[] = []
  /** What was in the store of its sender: nothing may take it along. */
  readonly stored = new Set<string>()
  /** Starts of nodes that a crash has not ended, by node. */
  readonly starts = new Map<string, string>()
  /** What its sender was told not to be on its way. */
  readonly refused = new Set<string>()
  readonly #next = new Map<string, number>()

  number(node: Node, to: string, key: string): Order {
    const from = startOf(node)
    const row = `${from} ${to} ${key}`
    const seq = (this.#next.get(row) ?? 0) + 1
    this.#next.set(row, seq)
    const order = { from, to, key, seq }
    this.sent.push(order)
    return order
  }
}

const startOf = (node: Node): string => `${node.name}/${node.incarnation}`
const rowOf = ({ from, to, key }: Order): string => `${from} ${to} ${key}`
const textOf = (order: Order): string => `${rowOf(order)} ${order.seq}`

/** Answers late. */
@actor('under-faults/bell')
class Bell extends Actor {
  ring(ms: number): void {
    const reply = this.deferReply()
    this.after(ms, () => reply.resolve(undefined))
  }
}

@actor('under-faults/clerk')
class Clerk extends Actor<{ book: Book; by: string; to: string; bell: ActorRef<Bell> }> {
  async take(from: string, key: string, seq: number, ms: number): Promise<void> {
    const { book, by, to, bell } = this.args
    if (ms > 0) await bell.ask.ring(ms)
    book.handled.push({ from, to, key, seq, by })
  }
}

interface Shop {
  readonly faults: FaultModel
  readonly durable?: boolean
  readonly checks: (book: Book) => readonly Check[]
}

/** Everybody writes to the clerks of all, in bursts, on two keys, whether their nodes are there or not. */
function shop({ faults, durable = true, checks }: Shop): Scenario {
  const book = new Book()
  return {
    name: 'shop',
    nodes: NAMES,
    options: {
      channels: { orders: durable ? { durable } : { reliable: true } },
      delivery: { acknowledged: { retryMs: 100 } },
    },
    start(node) {
      book.starts.set(node.name, startOf(node))
      const bell = node.spawn(Bell)
      node.spawn(Clerk, { book, by: startOf(node), to: node.name, bell }, { name: 'clerk' })
      node.events.on('deadLetter', ({ to, args, reason }) => {
        const [from, key, seq] = args as [string, string, number]
        if (reason === 'ERR_STORE') book.refused.add(textOf({ from, to: to.node, key, seq }))
      })
    },
    operations: {
      tell: (node, to: string, key: string, count: number, ms: number) => {
        const clerk = node.lookup(Clerk, 'clerk', { on: to })
        for (let i = 0; i < count; i++) {
          const { from, seq } = book.number(node, to, key)
          clerk.with({ partitionKey: key, channel: 'orders' }).tell.take(from, key, seq, ms)
        }
      },
    },
    workload: (w) => w.parallel(NAMES.length, order),
    faults,
    checks: checks(book),
    limits: { settleMs: 60_000 },
  }
}

async function order(client: Client): Promise<void> {
  for (let step = 0; step < 15; step++) {
    const to = client.pick(NAMES.filter((name) => name !== client.node))
    const key = client.pick(['x', 'y'])
    await client.call('tell', to, key, 1 + client.int(4), client.int(3) === 0 ? 50 : 0)
    await client.sleep(client.int(400))
  }
}

/** Looks again when something more was handled: what was seen before stays as it is. */
function atNews(book: Book, look: () => string | undefined): () => string | undefined {
  let seen = 0
  return () => {
    if (book.handled.length === seen) return undefined
    seen = book.handled.length
    return look()
  }
}

/** One start of a node handles a message once, and those of a sender's start and key in order. */
const onceAStart = (book: Book): Check =>
  check.always(
    'a start of a node handles nothing twice, and in order',
    atNews(book, () => {
      const last = new Map<string, number>()
      for (const order of book.handled) {
        const row = `${rowOf(order)} by ${order.by}`
        if (order.seq <= (last.get(row) ?? 0)) return `${textOf(order)} by ${order.by}`
        last.set(row, order.seq)
      }
      return undefined
    }),
  )

/** Where the last handling of a message was by another start, that has crashed and may have told nobody. */
const inOrder = (book: Book): Check =>
  check.always(
    'no message is handled before one that was sent before it',
    atNews(book, () => {
      const seen = new Map<string, number>()
      for (const order of book.handled) {
        const row = rowOf(order)
        const most = seen.get(row) ?? 0
        if (order.seq > most + 1 && !gapIsRefused(book, order, most)) {
          return `${textOf(order)} behind ${most}`
        }
        seen.set(row, Math.max(most, order.seq))
      }
      return undefined
    }),
  )

function gapIsRefused({ refused }: Book, order: Order, most: number): boolean {
  for (let seq = most + 1; seq < order.seq; seq++) {
    if (!refused.has(textOf({ ...order, seq }))) return false
  }
  return true
}

/** Notes what is in the stores: they take messages in the order in which these are sent. */
function noteStored(book: Book): Check {
  const noted = new Map<string, string>()
  return check.always('what is stored is noted', ({ nodes }) => {
    for (const node of nodes.values()) {
      const { stored = 0 } = node.stats().delivery?.durable ?? {}
      const news = `${stored} of ${book.sent.length} without ${book.refused.size}`
      if (noted.get(startOf(node)) === news) continue
      noted.set(startOf(node), news)
      const own = book.sent.filter((order) => {
        return order.from === startOf(node) && !book.refused.has(textOf(order))
      })
      for (const order of own.slice(0, stored)) book.stored.add(textOf(order))
    }
    return undefined
  })
}

/** A crash may take along what was not stored yet, and the end of its sender's node nothing else. */
const allArrive = (book: Book): Check =>
  check.eventually('all that was stored is handled', () => {
    const handled = new Set(book.handled.map(textOf))
    const living = new Set(book.starts.values())
    for (const order of book.sent) {
      const text = textOf(order)
      const due = living.has(order.from) ? !book.refused.has(text) : book.stored.has(text)
      if (due && !handled.has(text)) return `${text} was not handled`
    }
    return undefined
  })

const nothingWaits = check.eventually('no outbox holds anything', ({ nodes }) => {
  for (const [name, node] of nodes) {
    const { waiting = 0, running = 0 } = node.stats().delivery?.durable ?? {}
    if (waiting > 0 || running > 0) return `${name}: ${waiting} wait, ${running} run`
  }
  return undefined
})

const all = (book: Book): readonly Check[] => [
  noteStored(book),
  onceAStart(book),
  inOrder(book),
  allArrive(book),
  nothingWaits,
]

underFaults('Durable delivery', 'across crashes of both sides, with and without power', () =>
  shop({ faults: tcp.plus(losses).plus(doubles).plus(crashes), checks: all }),
)

underFaults(
  'Durable delivery',
  'over disks that tear the last write, fail, fill up and are slow',
  () => shop({ faults: crashes.plus(disks), checks: all }),
)

describe('under faults: Durable delivery', () => {
  isMissed(
    'what is only reliable does not arrive',
    () => shop({ faults: crashes, durable: false, checks: (book) => [allArrive(book)] }),
    'all that was stored is handled',
  )
})

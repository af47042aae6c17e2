import type { ActorRef, Node } from '../../src/index.js'
import {
  type Check,
  type Client,
  check,
  type FaultModel,
  type Scenario,
  type View,
} from '../../src/simulation/index.js'
import { Inbox, Outbox, type Sent } from './inbox.js'
import { crashes, doubles, isMissed, losses, NAMES, tcp, underFaults } from './scenario-suite.js'

interface Mail {
  readonly faults: FaultModel
  readonly checks: (outbox: Outbox, post: Post) => readonly Check[]
  readonly reliable?: boolean
  readonly options?: Scenario['options']
}

/** What the nodes told of messages that did not arrive, and how many they gave to a connection that broke. */
class Post {
  readonly dead: string[] = []
  /** Why, of each of them. */
  readonly reasons: string[] = []
  lost = 0

  listen(node: Node): void {
    node.events.on('deadLetter', ({ to, args, reason }) => {
      this.dead.push(`${to.node} ${args.join()}`)
      this.reasons.push(reason)
    })
    node.events.on('connectionLost', ({ count }) => {
      this.lost += count
    })
  }
}

/** Everybody writes to the inboxes of all, in bursts, on two keys, by tells and asks. */
function mail({ faults, checks, reliable = false, options = {} }: Mail): Scenario {
  const outbox = new Outbox()
  const post = new Post()
  const inbox = (node: Node, to: string, key: string): ActorRef<Inbox> =>
    node
      .lookup(Inbox, 'inbox', { on: to })
      .with({ partitionKey: key, timeoutMs: 1_000, ...(reliable && { reliable }) })
  return {
    name: 'mail',
    nodes: NAMES,
    options,
    start(node) {
      node.spawn(Inbox, undefined, { name: 'inbox' })
      post.listen(node)
    },
    operations: {
      tell: (node, to: string, key: string, count: number) => {
        for (let i = 0; i < count; i++) {
          const { from, seq } = outbox.number(node, to, key)
          inbox(node, to, key).tell.take(from, key, seq)
        }
      },
      ask: async (node, to: string, key: string) => {
        const { from, seq } = outbox.number(node, to, key, true)
        await inbox(node, to, key).ask.take(from, key, seq)
      },
      full: () => post.reasons.includes('ERR_LANE_FULL'),
    },
    workload: (w) => w.parallel(NAMES.length, write),
    faults,
    checks: checks(outbox, post),
  }
}

async function write(client: Client): Promise<void> {
  for (let step = 0; step < 15; step++) {
    const to = client.pick(NAMES.filter((name) => name !== client.node))
    const key = client.pick(['x', 'y'])
    if (client.int(3) === 0) await client.call('ask', to, key)
    else await client.call('tell', to, key, 1 + client.int(4))
    await client.sleep(client.int(400))
  }
}

const none = (view: View, what: 'swapped' | 'again'): string | undefined => {
  for (const { node, actor } of view.actors(Inbox)) {
    if (actor[what] !== undefined) return `${node} got ${actor[what]}`
  }
  return undefined
}
const inOrder = check.always('what arrives is in order', (view) => none(view, 'swapped'))
const once = check.always('nothing arrives twice', (view) => none(view, 'again'))

const textOf = ({ to, from, key, seq }: Sent & { readonly to: string }): string =>
  `${to} ${from},${key},${seq}`

/** Tells that were sent and did not arrive; an ask that does not tells its asker. */
function missing(view: View, { sent }: Outbox): string[] {
  const taken = new Set<string>()
  for (const { node, actor } of view.actors(Inbox)) {
    for (const one of actor.taken) taken.add(textOf({ ...one, to: node }))
  }
  return sent
    .filter(({ asks }) => !asks)
    .map(textOf)
    .filter((one) => !taken.has(one))
}

const allArrive = (outbox: Outbox): Check =>
  check.eventually('all tells arrive', (view) => {
    const [first, ...rest] = missing(view, outbox)
    return first === undefined || `${first} is not there, nor are ${rest.length} others`
  })

underFaults('Order', 'there may be a gap, never a swap', () =>
  mail({ faults: tcp.plus(crashes).plus(losses), checks: () => [inOrder] }),
)

underFaults('Delivery', 'at most once, and nothing is lost in silence', () =>
  mail({
    faults: tcp,
    checks: (outbox, post) => [
      once,
      check.eventually('what did not arrive was told', (view) => {
        const dead = new Set(post.dead)
        const untold = missing(view, outbox).filter((one) => !dead.has(one))
        return (
          untold.length <= post.lost ||
          `${untold} did not arrive, and ${post.lost} were reported as lost`
        )
      }),
    ],
  }),
)

underFaults('Delivery', 'at most once, whoever crashes', () =>
  mail({ faults: tcp.plus(crashes).plus(losses), checks: () => [once] }),
)

const SOON = { delivery: { acknowledged: { retryMs: 100 } } }

underFaults('Reliable delivery', 'once and in order while both nodes live', () =>
  mail({
    faults: tcp.plus(losses).plus(doubles),
    reliable: true,
    options: SOON,
    checks: (outbox) => [
      inOrder,
      once,
      allArrive(outbox),
      check.eventually('nothing waits for an acknowledgement', ({ nodes }) => {
        for (const [name, node] of nodes) {
          const pending = node.stats().delivery?.pending ?? 0
          if (pending > 0) return `${name} waits for ${pending}`
        }
        return undefined
      }),
    ],
  }),
)

underFaults('Reliable delivery', 'never twice and never swapped, whoever crashes', () =>
  mail({
    faults: tcp.plus(losses).plus(doubles).plus(crashes),
    reliable: true,
    options: SOON,
    checks: () => [inOrder, once],
  }),
)

const BOUND = 1_024
/** The last one that is taken may lie over the bound. */
const LAST = 128

underFaults('`tell`, `ready` and bounds', 'what waits stays within the bound of its lane', () => {
  const full = 'a lane was full'
  const scenario = mail({
    faults: tcp.plus(crashes),
    options: {
      connections: {
        laneLowWaterBytes: 100,
        laneHighWaterBytes: 200,
        laneMaxBytes: BOUND,
        laneMaxMessages: 5,
      },
    },
    checks: (_outbox, { dead, reasons }) => [
      once,
      inOrder,
      check.always('within the bound', ({ nodes }) => tooMuch(nodes), { every: 5 }),
      check.always(
        'nothing that was refused arrives',
        (view) => {
          if (dead.length === 0) return undefined
          const refused = new Set(dead.filter((_, at) => reasons[at] === 'ERR_LANE_FULL'))
          for (const { node, actor } of view.actors(Inbox)) {
            const came = actor.taken.find((one) => refused.has(textOf({ ...one, to: node })))
            if (came !== undefined) return `${node} got ${JSON.stringify(came)}`
          }
          return undefined
        },
        { every: 50 },
      ),
      check.sometimes(full),
    ],
  })
  return {
    ...scenario,
    workload: (w) =>
      w.parallel(NAMES.length, async (client) => {
        await write(client)
        const told = await client.call('full')
        if (told.value === true) client.reached(full)
      }),
  }
})

function tooMuch(nodes: View['nodes']): string | undefined {
  for (const [name, node] of nodes) {
    for (const { peer, channel, queuedBytes } of node.stats().transport.lanes) {
      if (queuedBytes > BOUND + LAST)
        return `${name} keeps ${queuedBytes} for ${peer} on ${channel}`
    }
  }
  return undefined
}

describe('under faults: messages', () => {
  isMissed(
    'plain messages that are lost do not all arrive',
    () => mail({ faults: losses, checks: (outbox) => [allArrive(outbox)] }),
    'all tells arrive',
  )
  isMissed(
    'plain messages come twice where a network doubles them',
    () => mail({ faults: doubles, checks: () => [once] }),
    'nothing arrives twice',
  )
  isMissed(
    'plain messages are swapped where a network reorders them',
    () => mail({ faults: doubles, checks: () => [inOrder] }),
    'what arrives is in order',
  )
})

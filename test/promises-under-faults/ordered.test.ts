import { Actor, type ActorRef, actor, causal, type Node } from '../../src/index.js'
import { check, type FaultModel, type Scenario } from '../../src/simulation/index.js'
import { crashes, doubles, isMissed, losses, NAMES, tcp, underFaults } from './scenario-suite.js'

/** Tells the third a cause, and the second, which tells the third the effect. */
@actor('under-faults/teller')
class Teller extends Actor {
  readonly heard: string[] = []
  /** What came after what follows from it, or came twice. */
  wrong: string | undefined

  begin(second: ActorRef<Teller>, third: ActorRef<Teller>, word: string, plain: boolean): void {
    if (plain) {
      third.tell.hearPlain(`${word} cause`)
      second.tell.passPlain(third, word)
    } else {
      third.tell.hear(`${word} cause`)
      second.tell.pass(third, word)
    }
  }

  @causal('talk')
  pass(third: ActorRef<Teller>, word: string): void {
    third.tell.hear(`${word} effect`)
  }

  passPlain(third: ActorRef<Teller>, word: string): void {
    third.tell.hearPlain(`${word} effect`)
  }

  @causal('talk')
  hear(line: string): void {
    this.hearPlain(line)
  }

  hearPlain(line: string): void {
    if (this.heard.includes(line)) this.wrong ??= `${line} again`
    const effect = line.replace('cause', 'effect')
    if (effect !== line && this.heard.includes(effect)) this.wrong ??= `${line} after its effect`
    this.heard.push(line)
  }
}

function talk(faults: FaultModel, options: { plain?: boolean; whole?: boolean } = {}): Scenario {
  const { plain = false, whole = false } = options
  const begun: { word: string; third: string }[] = []
  const teller = (node: Node, on: string) => node.lookup(Teller, 'teller', { on })
  return {
    name: 'talk',
    nodes: NAMES,
    options: { delivery: { acknowledged: { retryMs: 100 } } },
    start(node) {
      node.spawn(Teller, undefined, { name: 'teller' })
    },
    operations: {
      begin: (node, second: string, third: string, at: number) => {
        const word = `${node.name}/${node.incarnation}/${at}`
        begun.push({ word, third })
        teller(node, node.name).tell.begin(teller(node, second), teller(node, third), word, plain)
      },
    },
    workload: (w) =>
      w.parallel(NAMES.length, async (client) => {
        for (let at = 0; at < 25; at++) {
          const [second = '', third = ''] = client.random.sample(
            NAMES.filter((name) => name !== client.node),
            2,
          )
          await client.call('begin', second, third, at)
          await client.sleep(client.int(200))
        }
      }),
    faults,
    checks: [
      check.always('no effect is before its cause', (view) => {
        const bad = view.actors(Teller).find(({ actor }) => actor.wrong !== undefined)
        return bad === undefined || `${bad.node} heard ${bad.actor.wrong}`
      }),
      ...(whole
        ? [
            check.eventually('all is heard', (view) => {
              const heard = new Map(
                view.actors(Teller).map(({ node, actor }) => [node, actor.heard]),
              )
              for (const { word, third } of begun) {
                for (const line of [`${word} cause`, `${word} effect`]) {
                  if (!heard.get(third)?.includes(line)) return `${third} has not heard ${line}`
                }
              }
              return undefined
            }),
          ]
        : []),
    ],
  }
}

underFaults('Causal order', 'no node gets a message before those it follows, and all arrive', () =>
  talk(tcp.plus(losses).plus(doubles), { whole: true }),
)

underFaults('Causal order', 'nor when nodes crash and come back', () =>
  talk(tcp.plus(losses).plus(doubles).plus(crashes)),
)

/** Only the latest of each sender and key matters. */
@actor('under-faults/gauge')
class Gauge extends Actor {
  readonly latest = new Map<string, number>()
  wrong: string | undefined

  show(row: string, at: number): void {
    const before = this.latest.get(row) ?? 0
    if (at <= before) this.wrong ??= `${row} ${at} after ${before}`
    this.latest.set(row, at)
  }
}

const SUPERSEDED = 'one took the place of another'

function gauges(faults: FaultModel, reliable: boolean): Scenario {
  const shown = new Map<string, { on: string; at: number }>()
  return {
    name: 'gauges',
    nodes: NAMES,
    options: { delivery: { acknowledged: { retryMs: 100 } } },
    start(node) {
      node.spawn(Gauge, undefined, { name: 'gauge' })
    },
    operations: {
      show: (node, on: string, key: string) => {
        const row = `${node.name}/${node.incarnation}>${on} ${key}`
        const at = (shown.get(row)?.at ?? 0) + 1
        shown.set(row, { on, at })
        const gauge = node.lookup(Gauge, 'gauge', { on })
        gauge
          .with({ monotonic: true, partitionKey: key, ...(reliable && { reliable }) })
          .tell.show(row, at)
        return (node.stats().delivery?.superseded ?? 0) > 0
      },
    },
    workload: (w) =>
      w.parallel(NAMES.length, async (client) => {
        for (let step = 0; step < 80; step++) {
          const on = client.pick(NAMES.filter((name) => name !== client.node))
          const { value } = await client.call('show', on, client.pick(['x', 'y']))
          if (value === true) client.reached(SUPERSEDED)
          await client.sleep(client.int(60))
        }
      }),
    faults,
    checks: [
      check.always('no older one after a newer one', (view) => {
        const bad = view.actors(Gauge).find(({ actor }) => actor.wrong !== undefined)
        return bad === undefined || `${bad.node} saw ${bad.actor.wrong}`
      }),
      check.sometimes(SUPERSEDED),
      ...(reliable
        ? [
            check.eventually('the newest of each is there', (view) => {
              const seen = new Map(
                view.actors(Gauge).map(({ node, actor }) => [node, actor.latest]),
              )
              for (const [row, { on, at }] of shown) {
                const latest = seen.get(on)?.get(row)
                if (latest !== at) return `of ${row} ${latest} is there, not ${at}`
              }
              return undefined
            }),
          ]
        : []),
    ],
  }
}

underFaults('Monotonic messages', 'only the newest waits, and none comes after a newer one', () =>
  gauges(tcp.plus(losses).plus(crashes), false),
)

underFaults('Monotonic messages', 'reliable ones: the newest of each arrives', () =>
  gauges(tcp.plus(losses).plus(doubles), true),
)

describe('under faults: ordered messages', () => {
  isMissed(
    'without the label effects come before their causes',
    () => talk(tcp.plus(doubles), { plain: true }),
    'no effect is before its cause',
  )
})

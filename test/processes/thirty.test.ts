import { assert } from 'chai'
import { lan } from '../../src/index.js'
import { OverlayGraph } from '../../src/simulation/overlay-graph.js'
import { COOKIE } from './local-nodes.js'
import type { View } from './node-host.js'
import { forkBorrowed, type NodeProcess, useProcesses } from './node-process-pool.js'
import { slowness } from './slowness.js'
import { until } from './until.js'

const NODES = 30
const KILLED = 10
const BROADCASTS = 50
/** What is promised, of a machine that has two processors for these processes. */
const WITHIN_MS = 5_000

/** Dozens that start at once take turns; this is no part of what is promised. */
const START_MS = 120_000

interface Peer {
  readonly name: string
  readonly process: NodeProcess
}

describe(`${NODES} processes over HyParView`, function () {
  this.timeout(180_000)
  useProcesses()

  async function ready(at: number): Promise<Peer & { readonly address: string }> {
    const name = `node-${String(at).padStart(2, '0')}`
    const process = await forkBorrowed({ startMs: START_MS })
    const options = { name, cookie: COOKIE, timing: lan(), overlay: 'hyparview' }
    const { address } = await process.call('start', options)
    return { name, process, address }
  }

  it('join through one contact at once, and repair what a third of them leaves behind', async () => {
    const peers = await Promise.all(Array.from({ length: NODES }, (_, at) => ready(at)))
    const [contact, ...others] = peers as [(typeof peers)[0], ...typeof peers]

    const joining = Promise.all(
      others.map(({ process }) => process.call('join', contact.address, 4 * WITHIN_MS)),
    )
    await within('one component', peers, connected)
    await joining

    const dead = peers.filter((_, at) => at % 3 === 0).slice(0, KILLED)
    const survivors = peers.filter((peer) => !dead.includes(peer))
    for (const { process } of survivors) await process.call('hear', 'news')
    await Promise.all(dead.map(({ process }) => process.kill()))
    await within('the survivors are repaired', survivors, repaired)

    const sent = Array.from({ length: BROADCASTS }, (_, number) => number)
    await Promise.all(
      survivors.map(({ process }, at) => {
        const share = sent.filter((number) => number % survivors.length === at)
        return process.call('broadcast', 'news', share)
      }),
    )
    for (const { name, process } of survivors) {
      let heard: readonly unknown[] = []
      await until(`${name} heard all`, async () => {
        heard = await process.call('heard')
        return heard.length >= BROADCASTS
      })
      assert.sameMembers([...heard], sent, `${name} heard each once`)
    }
  })
})

/** Waits for it as long as is promised, and longer by as much as others slow this machine down. */
async function within(
  what: string,
  peers: readonly Peer[],
  fault: (views: ReadonlyMap<string, View>) => string | undefined,
): Promise<void> {
  const startMs = Date.now()
  const factor = Math.max(1, slowness())
  let last: string | undefined
  try {
    await until(
      what,
      async () => {
        const views = await Promise.all(peers.map(({ process }) => process.call('view')))
        last = fault(new Map(peers.map(({ name }, at) => [name, views[at] as View])))
        return last === undefined
      },
      WITHIN_MS * factor - (Date.now() - startMs),
    )
  } catch (error) {
    throw new Error(`${(error as Error).message}; slowed down ${factor.toFixed(1)} times: ${last}`)
  }
}

/** Undefined when those whose views are given can all reach each other over links that both sides want. */
function connected(views: ReadonlyMap<string, View>): string | undefined {
  const names = [...views.keys()]
  const links = names.map((name) =>
    (views.get(name) as View).neighbours
      .filter((other) => isLink(views, name, other))
      .map((other) => names.indexOf(other)),
  )
  const components = new OverlayGraph(links).components()
  return components.length === 1 ? undefined : `components of ${components}`
}

function repaired(views: ReadonlyMap<string, View>): string | undefined {
  for (const [name, { neighbours }] of views) {
    for (const other of neighbours) {
      if (!views.has(other)) return `${name} holds ${other}, which is dead`
      if (!isLink(views, name, other)) return `${name} holds ${other}, but not the other way round`
    }
  }
  return connected(views)
}

const isLink = (views: ReadonlyMap<string, View>, a: string, b: string): boolean =>
  holds(views.get(a), b) && holds(views.get(b), a)

const holds = (view: View | undefined, name: string): boolean =>
  view?.neighbours.includes(name) === true && view.connected.includes(name)

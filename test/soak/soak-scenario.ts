import type { ActorRef, Node } from '../../src/index.js'
import {
  type Client,
  check,
  faultModels,
  type Op,
  type Scenario,
  type View,
} from '../../src/simulation/index.js'
import { Job, Jobs, Listener, Watcher } from './soak-actors.js'

const NAMES = ['n1', 'n2', 'n3', 'n4'] as const
const STEPS = 12

/** Where a job is supervised: what `start` gives. */
interface Started {
  readonly job: string
  readonly supervisor: string
}

const jobs = (node: Node, on: string): ActorRef<Jobs> => node.lookup(Jobs, 'jobs', { on })

/** Full nodes with all their rooms at work: supervisors that place, remote watches, groups, fail-over. */
export const soak: Scenario = {
  name: 'soak',
  nodes: NAMES,
  options: { remoteSpawn: [Job], askTimeoutMs: 2_000 },
  async start(node) {
    await node.spawn(Jobs, undefined, { name: 'jobs' }).ready()
    node.spawn(Watcher, undefined, { name: 'watcher' })
    node.spawn(Listener)
  },
  operations: {
    start: async (node, on: string, number: number): Promise<Started> => {
      const supervisor = await node.resolve('jobs', { on })
      const job = await jobs(node, on).ask.startChild({ number })
      return { job: String(job), supervisor: String(supervisor) }
    },
    work: (node, job: string) => node.ref(Job, job).ask.work(),
    fail: (node, job: string) => {
      node.ref(Job, job).tell.fail()
    },
    follow: (node, job: string) => node.lookup(Watcher, 'watcher').ask.follow(node.ref(Job, job)),
    end: async (node, on: string, job: string) => {
      await jobs(node, on).ask.terminateChild(node.ref(Job, job) as never)
    },
    shout: (node) => {
      node.group(Listener, 'listeners').tell.hear()
    },
  },
  async workload(w) {
    await w.parallel(NAMES.length, work)
  },
  faults: faultModels
    .crashRecovery(1)
    .plus(faultModels.partitions())
    .plus(faultModels.pauses())
    .plus(faultModels.network())
    .plus(faultModels.generalOmission(1))
    .plus(faultModels.clocks())
    .plus(faultModels.disks())
    .with({ everyMs: [200, 2_000], lastMs: [100, 9_000] }),
  limits: { settleMs: 20_000 },
  callTimeoutMs: 10_000,
  checks: [
    check.always('a watch fires once for each incarnation', watchesFireOnce),
    check.eventually('membership converges after heal', membersAgree),
    check.eventually('an acknowledged start is supervised', startsAreSupervised),
    check.eventually('a watch of what has ended has fired', watchesHaveFired),
    check.eventually('groups are the same everywhere', groupsAgree),
    check.eventually('no ask is left unsettled', noAskIsLeft),
    check.eventually('nodes hold what their actors need, and no more', heldIsNeeded),
    check.history('every operation has returned', (ops) => {
      const open = ops.find(({ status }) => status === 'open')
      return open === undefined || `${open.name} on ${open.node} is open`
    }),
  ],
}

async function work(client: Client): Promise<void> {
  const mine: { on: string; job: string }[] = []
  for (let step = 0; step < STEPS; step++) {
    const known = mine.length > 0 ? client.pick(mine) : undefined
    const action = client.int(8)
    if (known === undefined || action < 2) {
      const on = client.pick(NAMES)
      const { status, value } = await client.call('start', on, step)
      if (status === 'ok') mine.push({ on, job: (value as unknown as Started).job })
    } else if (action < 4) await client.call('work', known.job)
    else if (action === 4) await client.call('fail', known.job)
    else if (action === 5) await client.callOn(client.pick(NAMES), 'follow', known.job)
    else if (action === 6) await client.call('shout')
    else {
      mine.splice(mine.indexOf(known), 1)
      await client.call('end', known.on, known.job)
    }
    await client.sleep(client.int(1_500))
  }
}

function watchesFireOnce(view: View): string | undefined {
  for (const { node, actor } of view.actors(Watcher)) {
    for (const [ref, { downs }] of actor.told) {
      const seen = new Set<string>()
      for (const { incarnation, willRestart } of downs) {
        const key = `${incarnation} ${willRestart}`
        if (seen.has(key)) return `on ${node}, ${ref} was told down twice: ${key}`
        seen.add(key)
      }
      const last = downs.findIndex(({ willRestart }) => !willRestart)
      if (last !== -1 && last < downs.length - 1) return `on ${node}, ${ref}: more after its end`
    }
  }
  return undefined
}

function membersAgree({ nodes }: View): string | undefined {
  for (const [name, node] of nodes) {
    const members = node.members().map((member) => member.name)
    if (members.join() !== NAMES.join()) return `${name} knows ${members}`
    for (const other of NAMES) if (!node.isUp(other)) return `${name} does not reach ${other}`
  }
  return nodes.size === NAMES.length ? undefined : `only ${[...nodes.keys()]} run`
}

/** Unless its supervisor has ended since, a job that was started is kept alive until somebody ended it. */
function startsAreSupervised(view: View): string | undefined {
  const supervisors = new Map(view.actors(Jobs).map(({ ref, actor }) => [String(ref), actor]))
  const ended = new Set(
    view.history.filter(({ name }) => name === 'end').map(({ args }) => args[1]),
  )
  for (const op of acknowledged(view.history)) {
    const { job, supervisor } = op.value as unknown as Started
    const actor = supervisors.get(supervisor)
    if (actor === undefined || ended.has(job)) continue
    const children = actor.whichChildren()
    const waiting = children.find(({ status }) => status !== 'running')
    if (waiting !== undefined) return `${waiting.id} of ${supervisor} is ${waiting.status}`
    const number = op.args[1]
    const living = view
      .actors(Job)
      .filter(({ ref }) => children.some((c) => String(c.ref) === String(ref)))
    if (living.length !== children.length) return `children of ${supervisor} do not live`
    const kept = living.some(({ actor }) => actor.number === number)
    if (!kept) return `job ${number} of ${supervisor} is not kept`
  }
  return undefined
}

const acknowledged = (history: readonly Op[]): Op[] =>
  history.filter(({ name, status }) => name === 'start' && status === 'ok')

function watchesHaveFired(view: View): string | undefined {
  const living = new Set(view.actors(Job).map(({ ref }) => String(ref)))
  for (const { node, actor } of view.actors(Watcher)) {
    for (const [ref, { downs }] of actor.told) {
      if (living.has(ref) || downs.some(({ willRestart }) => !willRestart)) continue
      return `on ${node}, ${ref} has ended and nobody said so`
    }
  }
  return undefined
}

function groupsAgree({ nodes }: View): string | undefined {
  for (const [name, node] of nodes) {
    const members = node
      .group(Listener, 'listeners')
      .members()
      .map((ref) => ref.node)
    if (members.join() !== NAMES.join()) return `${name} sees listeners on ${members}`
  }
  return undefined
}

function noAskIsLeft({ nodes }: View): string | undefined {
  for (const [name, node] of nodes) {
    const { outbound, inbound } = node.stats().remote
    if (outbound + inbound > 0) return `${name} has ${outbound} asks out and ${inbound} in`
  }
  return undefined
}

/** Connections of a node: a lane for membership and one for messages to each other node. */
const CONNECTIONS = 2 * (NAMES.length - 1)
/** The actors of every node besides jobs: `start` spawns them. */
const STANDING = 3

function heldIsNeeded(view: View): string | undefined {
  const jobs = view.actors(Job)
  const children = view
    .actors(Jobs)
    .reduce((sum, { actor }) => sum + actor.whichChildren().length, 0)
  if (jobs.length !== children) return `${jobs.length} jobs live, supervisors have ${children}`
  for (const [name, node] of view.nodes) {
    const { actors, bonds, remote, delivery, transport } = node.stats()
    const here = jobs.filter((job) => job.node === name).length
    const queued = transport.lanes.reduce((sum, { queuedBytes }) => sum + queuedBytes, 0)
    const held: [what: string, is: number | undefined, should: number][] = [
      ['actors', actors.living, STANDING + here],
      ['children of others', Math.max(remote.hosted, here), here],
      ['watches', bonds.watches, watchesNeeded(view, name)],
      ['links', bonds.links, 0],
      ['messages under way', delivery?.pending, 0],
      ['bytes in lanes', queued, 0],
      ['connections', transport.connections, CONNECTIONS],
    ]
    const wrong = held.find(([, is, should]) => is !== should)
    if (wrong !== undefined) return `${name} holds ${wrong[1]} ${wrong[0]}, and needs ${wrong[2]}`
  }
  return undefined
}

/** Of what is followed, all that has not ended for good: at its own node, and at its watcher's if that is another. */
function watchesNeeded(view: View, name: string): number {
  let needed = 0
  for (const { node, actor } of view.actors(Watcher)) {
    for (const { ref, downs } of actor.told.values()) {
      if (downs.some(({ willRestart }) => !willRestart)) continue
      if (node === name || ref.node === name) needed++
    }
  }
  return needed
}

export default soak

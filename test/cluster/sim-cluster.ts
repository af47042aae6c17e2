import { assert } from 'chai'
import { newIncarnation } from '../../src/base/identity.js'
import type { Logger } from '../../src/base/logger.js'
import { Cluster } from '../../src/cluster/cluster.js'
import type { ClusterEvents } from '../../src/cluster/cluster-events.js'
import type { ClusterTiming } from '../../src/cluster/cluster-options.js'
import { nextGeneration } from '../../src/cluster/generation.js'
import { fullMesh } from '../../src/overlay/full-mesh.js'
import type { OverlayFactory } from '../../src/overlay/overlay.js'
import type { Gate } from '../../src/peer/gate.js'
import type { PeerOptions } from '../../src/peer/peer-options.js'
import { Peers } from '../../src/peer/peers.js'
import { Simulation, type SimulationOptions } from '../../src/simulation/simulation.js'
import { Codec } from '../../src/wire/codec.js'

export interface NodeSetup {
  /** Default: a full mesh. */
  readonly overlay?: OverlayFactory
  /** The machine it runs on. Default: one of its name. */
  readonly host?: string
  readonly port?: number
  readonly cookie?: string
  readonly timing?: Partial<ClusterTiming>
  readonly peers?: Partial<PeerOptions>
  /** Without it nothing survives a restart. Default false. */
  readonly store?: boolean
  readonly logger?: Logger
  readonly gate?: Gate
}

const EVENTS: readonly (keyof ClusterEvents)[] = [
  'memberJoined',
  'memberLeft',
  'peerUp',
  'peerDown',
  'nodeUp',
  'nodeDown',
  'channelUp',
  'channelDown',
  'connectionLost',
  'refused',
  'badMessage',
  'left',
]

export const PORT = 9_000

/** A cluster under test with the times at which it told what. */
export class Subject {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly cluster: Cluster
  /** Lines such as `nodeDown b`, in order. */
  readonly log: string[] = []
  readonly times: { readonly line: string; readonly atMs: number }[] = []

  constructor(name: string, setup: NodeSetup, cluster: Cluster, nowMs: () => number) {
    this.name = name
    this.host = setup.host ?? name
    this.port = setup.port ?? PORT
    this.cluster = cluster
    for (const event of EVENTS) {
      cluster.events.on(event, (payload: object) => {
        const line = lineOf(event, payload as Payload)
        this.log.push(line)
        this.times.push({ line, atMs: nowMs() })
      })
    }
  }

  get address(): string {
    return `${this.host}:${this.port}`
  }

  members(): string[] {
    return this.cluster.members().map((member) => member.name)
  }

  /** When that line came last, in virtual milliseconds. */
  when(line: string): number {
    const found = this.times.filter((entry) => entry.line === line).at(-1)
    if (found === undefined) throw new Error(`${this.name} never told: ${line}`)
    return found.atMs
  }

  /** The lines of these events only. */
  only(...events: (keyof ClusterEvents)[]): string[] {
    return this.log.filter((line) => events.some((event) => line.startsWith(`${event} `)))
  }
}

/** Real peers and clusters in a simulated world, under virtual time. */
export class SimCluster {
  readonly sim: Simulation
  readonly nodes = new Map<string, Subject>()

  constructor(options: SimulationOptions) {
    this.sim = new Simulation(options)
  }

  node(name: string): Subject {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`no node ${name}`)
    return node
  }

  /** Starts a node; of a name that runs no more, the next incarnation on a restarted host. */
  async start(name: string, setup: NodeSetup = {}): Promise<Subject> {
    const host = setup.host ?? name
    const before = this.nodes.get(name)
    if (before !== undefined && before.host === host) this.sim.restart(host)
    const { store, ...storeless } = this.sim.world(host)
    const world = setup.store && store !== undefined ? { ...storeless, store } : storeless
    const codec = new Codec()
    const generation = await this.sim.complete(nextGeneration(world, codec))
    const incarnation = newIncarnation(world.clock.wallMs(), world.entropy.bytes(5))
    const identity = { name, incarnation, generation, tags: [] }
    const overlay = setup.overlay ?? fullMesh()
    const { logger } = setup
    const cluster = new Cluster(
      {
        world,
        identity,
        overlay,
        codec,
        ...(logger && { logger }),
        transport: (sink) =>
          new Peers({
            world,
            self: identity,
            overlay: overlay.name,
            codec,
            sink,
            listen: { host, port: setup.port ?? PORT },
            cookie: setup.cookie ?? 'open sesame',
            channels: { bulk: { connections: 2 } },
            ...(setup.peers && { options: setup.peers }),
            ...(setup.gate && { gate: setup.gate }),
          }),
      },
      setup.timing,
    )
    const subject = new Subject(name, setup, cluster, () => this.sim.nowMs)
    this.nodes.set(name, subject)
    await this.sim.complete(cluster.start())
    return subject
  }

  /** Starts nodes that all join the first, one after the other. */
  async settled(names: readonly string[], setup: NodeSetup = {}): Promise<Subject[]> {
    const subjects: Subject[] = []
    for (const name of names) {
      subjects.push(await this.start(name, setup))
      if (name !== names[0]) await this.join(name, names[0] as string)
    }
    await this.sim.run(2_000)
    return subjects
  }

  join(name: string, contact: string, timeoutMs = 5_000): Promise<string> {
    const joining = this.node(name).cluster.join(this.node(contact).address, { timeoutMs })
    return this.sim.complete(joining)
  }

  /** Cuts some hosts off from all the others; the function returned heals it. */
  isolate(names: readonly string[]): () => void {
    const rest = [...this.nodes.keys()].filter((name) => !names.includes(name))
    return this.sim.partition(names, rest)
  }
}

/** n00, n01, … */
export const names = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `n${String(i).padStart(2, '0')}`)

/** Every one of these nodes knows exactly these members and is connected to all others. */
export function assertWhole(town: SimCluster, members: readonly string[]): void {
  for (const name of members) {
    const { cluster } = town.node(name)
    assert.deepEqual(town.node(name).members(), [...members].sort(), `members of ${name}`)
    for (const other of members) {
      if (other !== name) assert.isTrue(cluster.isUp(other), `${name} is not connected to ${other}`)
    }
  }
}

/** The error a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not reject')
}

/** All that payloads of events have, of which each has a part. */
interface Payload {
  readonly member?: { readonly name: string }
  readonly node?: { readonly name: string }
  readonly peer?: { readonly name: string }
  readonly reason?: unknown
  readonly channel?: string
  readonly error?: { readonly code: string }
  readonly from?: string
  readonly detail?: string
  readonly wanted?: boolean
}

function lineOf(event: string, payload: Payload): string {
  const name = (payload.member ?? payload.node ?? payload.peer)?.name
  switch (event) {
    case 'memberLeft':
      return `${event} ${name} ${payload.reason}`
    case 'channelUp':
    case 'channelDown':
    case 'connectionLost':
      return `${event} ${name} ${payload.channel}`
    case 'refused':
      return `${event} ${payload.error?.code}`
    case 'badMessage':
      return `${event} ${payload.from}: ${payload.detail}`
    case 'left':
      return `${event} ${payload.wanted ? 'wanted' : 'removed'}`
    default:
      return `${event} ${name}`
  }
}

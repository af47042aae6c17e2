import {
  type ErrorCode,
  type Member,
  type Node,
  type NodeOptions,
  type NodeStats,
  type StopOptions,
  silentLogger,
  startNode,
} from '../../src/index.js'
import { overlayNamed } from '../../src/node/overlay-named.js'
import type { Overlay, OverlayFactory } from '../../src/overlay/overlay.js'
import { Copy, type CopyEvent, Ledger } from './actors.js'

/** Options that can be told to another process. */
export type HostedOptions = Omit<
  NodeOptions,
  'overlay' | 'remoteSpawn' | 'logger' | 'codecs' | 'world'
> & {
  /** By its name. Default: a full mesh. */
  readonly overlay?: string
}

/** Whom a node wants for neighbours, and whom it is connected to. */
export interface View {
  readonly neighbours: readonly string[]
  readonly connected: readonly string[]
}

export interface Started {
  readonly address: string
  readonly incarnation: string
  readonly generation: number
  readonly pid: number
}

/** What a node told, in order. */
export interface Told {
  readonly event: string
  readonly node: string
  readonly code: ErrorCode | ''
  readonly atMs: number
}

export interface Memory {
  readonly heapBytes: number
  readonly rssBytes: number
}

/** The node of one process, and all that tests tell it to do. Plain values in and out. */
export class NodeHost {
  #node: Node | undefined
  #told: Told[] = []
  #overlay: Overlay | undefined
  #heard: unknown[] = []

  async start({ overlay = 'full-mesh', ...options }: HostedOptions): Promise<Started> {
    const node = await startNode({
      ...options,
      overlay: this.#seen(overlayNamed(overlay)),
      remoteSpawn: [Copy, Ledger],
      logger: silentLogger,
    })
    this.#node = node
    this.#told = record(node)
    const { generation } = node.members()[0] as Member
    return { address: node.address, incarnation: node.incarnation, generation, pid: process.pid }
  }

  /** The code and message of the error with which a node does not start, and the handles it leaves open. */
  async startFailure(options: HostedOptions): Promise<{ text: string; left: string[] }> {
    const before = process.getActiveResourcesInfo()
    try {
      await this.start(options)
    } catch (error) {
      let left = resourcesBeside(before)
      const end = Date.now() + 2_000
      while (left.length > 0 && Date.now() < end) {
        await new Promise(setImmediate) // handles close a turn or two later
        left = resourcesBeside(before)
      }
      return { text: (error as Error).message, left }
    }
    throw new Error('it started')
  }

  join(address: string, timeoutMs = 10_000): Promise<string> {
    return this.#running().join(address, { timeoutMs })
  }

  spawnLedger(name: string): string {
    return this.#running().spawn(Ledger, undefined, { name }).toString()
  }

  /** Tells a ledger all numbers from `first`, slowing down where it is asked to. */
  async write(on: string, ledger: string, first: number, count: number): Promise<void> {
    const ref = this.#running().lookup(Ledger, ledger, { on })
    for (let entry = first; entry < first + count; entry++) {
      if (!ref.tell.write(entry)) await ref.ready()
    }
  }

  /** As `write`, but all at once, and then the node stops. */
  async writeAndStop(on: string, ledger: string, count: number, drainMs: number): Promise<void> {
    const ref = this.#running().lookup(Ledger, ledger, { on })
    for (let entry = 0; entry < count; entry++) ref.tell.write(entry)
    await this.stop({ drainMs })
  }

  entries(ledger: string): Promise<number[]> {
    return this.#running().lookup(Ledger, ledger).ask.entries()
  }

  members(): readonly Member[] {
    return this.#running().members()
  }

  /** Other members that messages can travel to now. */
  connected(): string[] {
    const node = this.#running()
    return node
      .members()
      .map((member) => member.name)
      .filter((name) => name !== node.name && node.isUp(name))
  }

  view(): View {
    const { lanes } = this.#running().stats().transport
    const connected = new Set(lanes.filter((lane) => lane.connected).map((lane) => lane.peer))
    return { neighbours: [...(this.#overlay?.neighbours() ?? [])], connected: [...connected] }
  }

  /** The overlay's own picture of itself. */
  snapshot(): Readonly<Record<string, unknown>> | undefined {
    return this.#overlay?.snapshot()
  }

  /** Writes down what is broadcast to that handler from now on. */
  hear(handler: string): void {
    this.#heard = []
    this.#running().onBroadcast(handler, (message) => void this.#heard.push(message))
  }

  heard(): readonly unknown[] {
    return this.#heard
  }

  broadcast(handler: string, messages: readonly unknown[]): void {
    for (const message of messages) this.#running().broadcast(handler, message)
  }

  told(): readonly Told[] {
    return this.#told
  }

  copies(): { readonly living: number; readonly log: readonly CopyEvent[] } {
    return { living: Copy.living, log: Copy.log }
  }

  stats(): NodeStats {
    return this.#running().stats()
  }

  /** After a full collection; needs --expose-gc. */
  memory(): Memory {
    const { gc } = globalThis as { gc?: () => void }
    if (gc === undefined) throw new Error('started without --expose-gc')
    gc()
    gc()
    const { heapUsed, external, rss } = process.memoryUsage()
    return { heapBytes: heapUsed + external, rssBytes: rss }
  }

  /** What it holds is gone, and the next node can start. */
  async stop(options: StopOptions = { timeoutMs: 500, drainMs: 0 }): Promise<void> {
    const node = this.#node
    this.#node = undefined
    await node?.stop(options)
    Copy.log.length = 0
    Copy.living = 0
  }

  #seen(factory: OverlayFactory): OverlayFactory {
    const create: OverlayFactory['create'] = (self, random) => {
      this.#overlay = factory.create(self, random)
      return this.#overlay
    }
    return { ...factory, create }
  }

  #running(): Node {
    if (this.#node === undefined) throw new Error('no node runs here')
    return this.#node
  }
}

function resourcesBeside(before: readonly string[]): string[] {
  const left = process.getActiveResourcesInfo().filter((name) => name !== 'Immediate')
  for (const resource of before) {
    const at = left.indexOf(resource)
    if (at >= 0) left.splice(at, 1)
  }
  return left
}

/** Writes down what a node tells about others. */
export function record(node: Node): Told[] {
  const told: Told[] = []
  const tell = (event: string, name: string, code: ErrorCode | '' = ''): void => {
    told.push({ event, node: name, code, atMs: Date.now() })
  }
  const { events } = node
  events.on('memberJoined', ({ member }) => tell('memberJoined', member.name))
  events.on('memberLeft', ({ member }) => tell('memberLeft', member.name))
  events.on('peerUp', ({ peer }) => tell('peerUp', peer.name))
  events.on('peerDown', ({ peer, reason }) => tell('peerDown', peer.name, reason.code))
  events.on('nodeUp', (up) => tell('nodeUp', up.node.name))
  events.on('nodeDown', ({ node: down, reason }) => tell('nodeDown', down.name, reason.code))
  events.on('connectionLost', ({ peer }) => tell('connectionLost', peer.name))
  events.on('refused', ({ remote, error }) => tell('refused', remote, error.code))
  events.on('badMessage', ({ from }) => tell('badMessage', from))
  events.on('deadLetter', ({ to, reason }) => tell('deadLetter', to.node, reason))
  events.on('left', ({ wanted }) => tell(wanted ? 'left' : 'removed', node.name))
  return told
}

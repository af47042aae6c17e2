import type { TroupeError } from '../../src/base/errors.js'
import { newIncarnation } from '../../src/base/identity.js'
import type { Member } from '../../src/overlay/overlay.js'
import { Peers, type PeersConfig } from '../../src/peer/peers.js'
import type { TransportSink } from '../../src/peer/transport.js'
import { Simulation, type SimulationOptions } from '../../src/simulation/simulation.js'
import { Codec } from '../../src/wire/codec.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import type { FrameKind } from '../../src/wire/frame.js'
import type { Address, Connection, ConnectionHandler, Network } from '../../src/world/network.js'
import { realWorld } from '../../src/world/real/real-world.js'
import type { World } from '../../src/world/world.js'

export interface Got {
  readonly from: string
  readonly channel: number
  readonly key: number
  readonly args: readonly unknown[]
}

/** A world whose connections a test can get hold of. */
export class Tap {
  readonly world: World
  readonly connections = new Set<Connection>()
  readonly handlers = new Map<Connection, ConnectionHandler>()
  /** How often `connect` was called. */
  dials = 0

  constructor(world: World) {
    const { network } = world
    const keep = (connection: Connection): Connection => {
      this.connections.add(connection)
      const attach = connection.attach.bind(connection)
      connection.attach = (handler) => {
        this.handlers.set(connection, handler)
        attach(handler)
      }
      return connection
    }
    const tapped: Network = {
      listen: (at, accept, tls) => network.listen(at, (c) => accept(keep(c)), tls),
      connect: async (to, options) => {
        this.dials++
        return keep(await network.connect(to, options))
      },
    }
    this.world = { ...world, network: tapped }
  }
}

/** A node without anything above its peers: it records what its transport tells. */
export class TestPeer implements TransportSink {
  readonly peers: Peers
  readonly tap: Tap
  readonly codec = new Codec()
  /** News in order: `up b`, `down b ERR_…`, … */
  readonly news: string[] = []
  readonly got: Got[] = []
  readonly controls: { from: string; kind: FrameKind; body: Uint8Array }[] = []
  readonly refusals: string[] = []
  readonly dead: { key: number; code: string; args: readonly unknown[] }[] = []
  lost = 0
  keepHolder: (newcomer: Member, holder: Member) => Promise<boolean> = async () => true
  onEnvelope: ((envelope: Envelope) => void) | undefined

  constructor(name: string, world: World, config: Partial<PeersConfig> & { generation?: number }) {
    const { generation = 1, ...rest } = config
    const incarnation = newIncarnation(world.clock.wallMs(), world.entropy.bytes(5))
    this.tap = new Tap(world)
    this.peers = new Peers({
      world: this.tap.world,
      self: { name, incarnation, generation, tags: [] },
      overlay: 'test',
      codec: this.codec,
      sink: this,
      ...rest,
    })
  }

  get name(): string {
    return this.peers.self.name
  }

  get address(): Address {
    return this.peers.addresses[0] as Address
  }

  /** How often this kind of news came, such as `down b`. */
  count(news: string): number {
    return this.news.filter((each) => each === news || each.startsWith(`${news} `)).length
  }

  tell(to: string, key: number, ...args: unknown[]): number {
    return this.tellOn(1, to, key, ...args)
  }

  tellOn(channel: number | string, to: string, key: number, ...args: unknown[]): number {
    const index = typeof channel === 'string' ? this.peers.channels.index(channel) : channel
    return this.peers.send(
      to,
      index,
      new Envelope(ENVELOPE.TELL, 1, 0, 0, key, args, undefined, undefined),
    )
  }

  peerUp(peer: Member): void {
    this.news.push(`up ${peer.name}`)
  }
  peerDown(peer: Member, reason: TroupeError): void {
    this.news.push(`down ${peer.name} ${reason.code}`)
  }
  goodbye(peer: Member): void {
    this.news.push(`goodbye ${peer.name}`)
  }
  channelUp(peer: Member, channel: string): void {
    this.news.push(`channelUp ${peer.name} ${channel}`)
  }
  channelDown(peer: Member, channel: string): void {
    this.news.push(`channelDown ${peer.name} ${channel}`)
  }
  connectFailed(peer: Member, error: TroupeError): void {
    this.news.push(`failed ${peer.name} ${error.code}`)
  }
  envelope(from: Member, channel: number, envelope: Envelope): void {
    if (this.onEnvelope !== undefined) {
      this.onEnvelope(envelope)
      return
    }
    if (!this.peers.isUp(from.name)) this.news.push(`stray ${from.name}`)
    const args = envelope.body === undefined ? [] : this.codec.decodeArgs(envelope.body)
    this.got.push({ from: from.name, channel, key: envelope.key, args })
  }
  control(from: Member, kind: FrameKind, body: Uint8Array): void {
    this.controls.push({ from: from.name, kind, body })
  }
  undelivered(_peer: Member, _channel: string, envelope: Envelope, reason: TroupeError): void {
    const args =
      envelope.args ?? (envelope.body === undefined ? [] : this.codec.decodeArgs(envelope.body))
    this.dead.push({ key: envelope.key, code: reason.code, args })
  }
  connectionLost(_peer: Member, _channel: string, count: number): void {
    this.lost += count
  }
  replaced(teller: Member, reason: TroupeError): void {
    this.news.push(`replaced says ${teller.name} ${reason.code}`)
  }
  lagged(lateMs: number): void {
    this.news.push(`lagged ${Math.round(lateMs)}`)
  }
  refused(_remote: string, error: TroupeError): void {
    this.refusals.push(error.code)
  }
  nameContested(newcomer: Member, holder: Member): Promise<boolean> {
    return this.keepHolder(newcomer, holder)
  }
}

export type LabConfig = Partial<PeersConfig> & { generation?: number }

/** Where nodes live: one suite runs over sockets and in virtual time. */
export interface Lab {
  start(name: string, config?: LabConfig): Promise<TestPeer>
  until(predicate: () => boolean, what?: string): Promise<void>
  complete<T>(promise: Promise<T>): Promise<T>
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

export class SimLab implements Lab {
  readonly sim: Simulation
  readonly nodes: TestPeer[] = []

  constructor(options: SimulationOptions = {}) {
    this.sim = new Simulation(options)
  }

  async start(name: string, config: LabConfig = {}): Promise<TestPeer> {
    const listen = { host: name, port: 9000 + this.nodes.length }
    const node = new TestPeer(name, this.sim.world(name), { cookie: 'secret', listen, ...config })
    this.nodes.push(node)
    await this.complete(node.peers.start())
    return node
  }

  until(predicate: () => boolean, what?: string): Promise<void> {
    return this.sim.runUntil(predicate, 60_000, what)
  }

  complete<T>(promise: Promise<T>): Promise<T> {
    return this.sim.complete(promise)
  }

  pass(ms: number): Promise<void> {
    return this.sim.run(ms)
  }

  async close(): Promise<void> {}
}

export class RealLab implements Lab {
  readonly nodes: TestPeer[] = []

  async start(name: string, config: LabConfig = {}): Promise<TestPeer> {
    const node = new TestPeer(name, realWorld(), { cookie: 'secret', ...config })
    this.nodes.push(node)
    await node.peers.start()
    return node
  }

  async until(predicate: () => boolean, what = 'the condition'): Promise<void> {
    const end = Date.now() + 4_000
    while (!predicate()) {
      if (Date.now() > end) throw new Error(`${what} was not reached`)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  complete<T>(promise: Promise<T>): Promise<T> {
    return promise
  }

  pass(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms))
  }

  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.peers.stop(0)))
  }
}

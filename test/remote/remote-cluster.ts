import { ActorSystem, type ActorSystemOptions } from '../../src/actor/actor-system.js'
import type { DeadLetter } from '../../src/actor/dead-letter.js'
import { noOutbound } from '../../src/actor/outbound.js'
import { newIncarnation } from '../../src/base/identity.js'
import { type Logger, silentLogger } from '../../src/base/logger.js'
import { Remote } from '../../src/remote/remote.js'
import type { RemoteOptions } from '../../src/remote/remote-options.js'
import { Simulation } from '../../src/simulation/index.js'
import { type RootFailed, Supervision } from '../../src/supervision/supervision.js'
import { Codec } from '../../src/wire/codec.js'
import type { World } from '../../src/world/world.js'
import { CarrierNet, type FakeCarrier } from './carrier-pair.js'

export interface RemoteNodeOptions {
  readonly remote?: Partial<RemoteOptions>
  readonly actors?: ActorSystemOptions
  readonly log?: Logger
}

/** One node without a network of its own: actors, supervision, remote, and a carrier of the net. */
export class RemoteNode {
  readonly name: string
  readonly world: World
  readonly system: ActorSystem
  readonly supervision: Supervision
  readonly codec: Codec
  readonly carrier: FakeCarrier
  readonly remote: Remote
  readonly deadLetters: DeadLetter[] = []
  readonly rootsFailed: RootFailed[] = []

  constructor(
    net: CarrierNet,
    name: string,
    world: World,
    generation: number,
    options: RemoteNodeOptions,
  ) {
    this.name = name
    this.world = world
    const incarnation = newIncarnation(world.clock.wallMs() + generation, world.entropy.bytes(5))
    const log = options.log ?? silentLogger
    this.supervision = new Supervision({
      self: { node: name, incarnation },
      log,
      onRootFailed: (failed) => this.rootsFailed.push(failed),
    })
    this.system = new ActorSystem({
      world,
      nodeName: name,
      incarnation,
      outbound: noOutbound,
      bonds: this.supervision,
      log,
      ...(options.actors === undefined ? {} : { options: options.actors }),
    })
    this.codec = new Codec()
    const self = { name, incarnation, generation, addresses: [], tags: [] }
    this.carrier = net.add(self, this.codec)
    this.remote = new Remote({
      world,
      system: this.system,
      supervision: this.supervision,
      carrier: this.carrier,
      codec: this.codec,
      log,
      ...(options.remote === undefined ? {} : { options: options.remote }),
    })
    this.carrier.sink = this.remote
    this.system.events.on('deadLetter', (letter) => this.deadLetters.push(letter))
  }

  get incarnation(): string {
    return this.system.incarnation
  }
}

/** Some nodes in one process under virtual time, all reachable from each other at the start. */
export class RemoteCluster {
  readonly sim: Simulation
  readonly net: CarrierNet
  readonly nodes = new Map<string, RemoteNode>()
  readonly #options: RemoteNodeOptions

  constructor(
    names: readonly string[],
    options: RemoteNodeOptions = {},
    seed: number | string = 1,
  ) {
    this.sim = new Simulation({ seed })
    this.net = new CarrierNet(this.sim)
    this.#options = options
    for (const name of names) this.#start(name, this.sim.world(name), 1)
    for (const a of names) for (const b of names) if (a < b) this.net.up(a, b)
  }

  node(name: string): RemoteNode {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`no node ${name}`)
    return node
  }

  /** The process dies; nobody notices by itself. */
  kill(name: string): void {
    this.node(name).carrier.kill()
    this.sim.crash(name)
  }

  /** A new incarnation under the same name; the others notice by `net.up`. */
  restart(name: string): RemoteNode {
    this.kill(name)
    return this.#start(name, this.sim.restart(name), this.node(name).carrier.self.generation + 1)
  }

  run(ms: number): Promise<void> {
    return this.sim.run(ms)
  }

  complete<T>(promise: Promise<T>): Promise<T> {
    return this.sim.complete(promise)
  }

  /** What a promise rejects with. */
  async failure(promise: Promise<unknown>): Promise<unknown> {
    let failed: { error: unknown } | undefined
    const settled = promise.then(
      () => {},
      (error: unknown) => {
        failed = { error }
      },
    )
    await this.sim.complete(settled)
    if (failed === undefined) throw new Error('it did not fail')
    return failed.error
  }

  #start(name: string, world: World, generation: number): RemoteNode {
    const node = new RemoteNode(this.net, name, world, generation, this.#options)
    this.nodes.set(name, node)
    return node
  }
}

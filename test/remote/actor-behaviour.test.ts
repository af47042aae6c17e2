import type { Actor, ArgsOf } from '../../src/actor/actor.js'
import type { ActorSystem } from '../../src/actor/actor-system.js'
import type { DeadLetter } from '../../src/actor/dead-letter.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { parseAddress } from '../../src/actor/ref-address.js'
import type { SpawnOptions } from '../../src/actor/spawn-options.js'
import { silentLogger } from '../../src/base/logger.js'
import type { Node } from '../../src/node/node.js'
import { startNode } from '../../src/node/start-node.js'
import type { Codec } from '../../src/wire/codec.js'
import type { Network } from '../../src/world/network.js'
import { realWorld } from '../../src/world/real/real-world.js'
import { actorBehaviour, type BehaviourEnv } from '../contracts/actor-behaviour.js'
import { Threads } from '../workers/over-ports.js'
import { RemoteCluster } from './remote-cluster.js'

function envOf(cluster: RemoteCluster, here: string, there: string): BehaviourEnv {
  const [caller, host] = [cluster.node(here), cluster.node(there)]
  const spawnOn = <A extends Actor<unknown>>(
    node: typeof host,
    actorClass: new () => A,
    args?: ArgsOf<A>,
    options?: SpawnOptions,
  ): ActorRef<A> => {
    const { ref } = node.system.spawn(actorClass, args, options)
    return caller.system.refAt(parseAddress(String(ref))) as unknown as ActorRef<A>
  }
  return {
    system: caller.system,
    groups: caller.remote.groups,
    registry: caller.remote.registry,
    onGroupChanged: (listener) => void caller.remote.groups.events.on('groupChanged', listener),
    there,
    spawn: (actorClass, args, options) => spawnOn(host, actorClass, args, options),
    spawnHere: (actorClass, args) => spawnOn(caller, actorClass, args),
    run: (ms) => cluster.run(ms),
    complete: (promise) => cluster.complete(promise),
    failure: (promise) => cluster.failure(promise),
    deadLetters: () => [...cluster.nodes.values()].flatMap((node) => node.deadLetters),
  }
}

actorBehaviour('local, with copies', () => {
  let codec: Codec | undefined
  const copyLocal = (values: readonly unknown[]) => (codec as Codec).copyArgs(values)
  const cluster = new RemoteCluster(['a'], { actors: { copyLocal } })
  codec = cluster.node('a').codec
  return envOf(cluster, 'a', 'a')
})

actorBehaviour('remote', () => envOf(new RemoteCluster(['a', 'b']), 'a', 'b'))

/** Makes the networks of two nodes. */
const CARRIERS: readonly [string, () => (name: string) => Network][] = [
  ['over TCP', () => () => realWorld().network],
  [
    'over ports',
    () => {
      const threads = new Threads()
      return (name) => threads.network(name)
    },
  ],
]

for (const [carrier, makeNetworks] of CARRIERS) {
  describe(carrier, () => behaviourBetweenNodes(makeNetworks))
}

function behaviourBetweenNodes(makeNetworks: () => (name: string) => Network): void {
  const nodes: Node[] = []

  afterEach(async () => {
    const stops = nodes.splice(0).map((node) => node.stop({ timeoutMs: 100, drainMs: 100 }))
    await Promise.all(stops)
  })

  const start = async (name: string, networkOf: (name: string) => Network): Promise<Node> => {
    const listen = { host: '127.0.0.1', port: 0 }
    const world = { ...realWorld(), network: networkOf(name) }
    const node = await startNode({ name, listen, logger: silentLogger, world })
    nodes.push(node)
    return node
  }

  actorBehaviour('between nodes', async () => {
    const networkOf = makeNetworks()
    const [a, b] = [await start('a', networkOf), await start('b', networkOf)]
    await b.join(a.address)
    const deadLetters: DeadLetter[] = []
    for (const node of [a, b]) node.events.on('deadLetter', (letter) => deadLetters.push(letter))
    const { system } = a as unknown as { system: ActorSystem }
    const seen = (ref: unknown) => system.refAt(parseAddress(String(ref))) as never
    return {
      system,
      groups: a,
      registry: a,
      there: 'b',
      onGroupChanged: (listener) => void a.events.on('groupChanged', listener),
      spawn: (actorClass, args, options) =>
        seen(b.spawn(actorClass, ...([args, options] as never))),
      spawnHere: (actorClass, args) => seen(a.spawn(actorClass, args as never)),
      run: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      complete: (promise) => promise,
      failure: (promise) =>
        promise.then(
          () => {
            throw new Error('it did not fail')
          },
          (error: unknown) => error,
        ),
      deadLetters: () => deadLetters,
    }
  })
}

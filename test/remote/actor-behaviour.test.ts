import type { Actor, ArgsOf } from '../../src/actor/actor.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { parseAddress } from '../../src/actor/ref-address.js'
import type { SpawnOptions } from '../../src/actor/spawn-options.js'
import type { Codec } from '../../src/wire/codec.js'
import { actorBehaviour, type BehaviourEnv } from '../contracts/actor-behaviour.js'
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

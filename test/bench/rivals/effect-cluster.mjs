// Effect's cluster: sharded entities, messages not stored, between two processes over its sockets, without
// SQL: the client is told the one runner by hand. Locally without serialization.
import * as NodeClusterSocket from '@effect/platform-node/NodeClusterSocket'
import { Effect, Layer, Option, Schema } from 'effect'
import {
  Entity,
  MessageStorage,
  Runner,
  RunnerAddress,
  RunnerStorage,
  ShardingConfig,
} from 'effect/cluster'
import { Rpc } from 'effect/rpc'
import { counter, main, reached, server } from './harness.mjs'
import { remoteRows } from './remote-rows.mjs'

const PORT = 14_431
const ADDRESS = RunnerAddress.make('127.0.0.1', PORT)

const Next = Rpc.make('Next', { payload: { value: Schema.Number }, success: Schema.Number })
const Add = Rpc.make('Add', { payload: { from: Schema.Number, value: Schema.Number } })
const Echo = Rpc.make('Echo', {
  payload: { bytes: Schema.Uint8Array },
  success: Schema.Uint8Array,
})
const Counter = Entity.make('Counter', [Next, Add, Echo])

const shardingConfig = {
  ...ShardingConfig.defaults,
  runnerAddress: Option.some(ADDRESS),
  maxResidentEntities: 'unbounded',
  entityMailboxCapacity: 'unbounded',
  simulateRemoteSerialization: false,
}

const sockets = (clientOnly) =>
  NodeClusterSocket.layer({
    storage: 'byo',
    clientOnly,
    shardingConfig,
    serializationMaxBufferSize: 'unbounded',
  }).pipe(Layer.provideMerge(MessageStorage.layerNoop))

async function serve() {
  const count = counter()
  const handlers = Counter.of({
    Next: ({ payload }) => Effect.succeed(payload.value + 1),
    Add: () => Effect.sync(count),
    Echo: ({ payload }) => Effect.succeed(payload.bytes),
  })
  const options = { maxIdleTime: '10 minutes', mailboxCapacity: 'unbounded' }
  const ready = Effect.sync(() => process.send({ ready: true }))
  const layer = Counter.toLayer(Effect.succeed(handlers), options).pipe(
    Layer.provide(sockets(false)),
    Layer.provide(RunnerStorage.layerMemory),
    Layer.tap(() => ready),
  )
  Effect.runFork(Layer.launch(layer))
}

const runner = Runner.make({ address: ADDRESS, groups: ['default'], weight: 1 })
const oneRunner = Layer.effect(RunnerStorage.RunnerStorage)(
  Effect.map(RunnerStorage.makeMemory, (memory) => ({
    ...memory,
    getRunners: Effect.succeed([[runner, true]]),
  })),
)

async function connect() {
  const far = await server()
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  const layer = Layer.provide(sockets(true), oneRunner)
  const entity = await new Promise((resolve, reject) => {
    const client = Effect.gen(function* () {
      const make = yield* Counter.client
      const first = make('counter')
      yield* first.Next({ value: 1 }).pipe(Effect.retry({ times: 20 }))
      resolve(first)
      return yield* Effect.never
    })
    Effect.runPromise(Effect.scoped(client.pipe(Effect.provide(layer)))).catch(reject)
  })
  let due = 0
  return {
    tell: (from, value) => Effect.runPromise(entity.Add({ from, value }, { discard: true })),
    ask: (value) => Effect.runPromise(entity.Next({ value })),
    echo: (bytes) => Effect.runPromise(entity.Echo({ bytes })),
    received: (count) => {
      due += count
      return reached(far, due)
    },
  }
}

const rows = remoteRows(connect, (bytes) => new Uint8Array(bytes).fill(97))
rows['tell-1'].least = 1_000
rows['tell-100'].least = 1_000
main('effect-cluster', rows, serve)

// Effect without its cluster: the actor its users write, a queue and a fiber that takes from it.
import { Deferred, Effect, Queue } from 'effect'
import { main, timed } from './harness.mjs'
import { localRows } from './local-rows.mjs'

const actorOf = (handle) =>
  Effect.gen(function* () {
    const queue = yield* Queue.make()
    const receive = (message) => {
      const answer = handle(message)
      return message.reply === undefined ? Effect.void : Deferred.succeed(message.reply, answer)
    }
    yield* Effect.forkDetach(Effect.forever(Effect.flatMap(Queue.take(queue), receive)))
    return queue
  })

const asking = (queue) =>
  Effect.gen(function* () {
    const reply = yield* Deferred.make()
    Queue.offerUnsafe(queue, { by: 1, reply })
    return yield* Deferred.await(reply)
  })

main(
  'effect',
  localRows({
    spawn: (handle) => Effect.runSync(actorOf(handle)),
    tell: (queue, message) => Queue.offerUnsafe(queue, message),
    askLoops: (queue, inFlight) => (count) => {
      const all = Effect.forEach(Array.from({ length: count }), () => asking(queue), {
        concurrency: inFlight,
        discard: true,
      })
      return timed(() => Effect.runPromise(all))
    },
  }),
)

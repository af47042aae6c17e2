// xstate: actors of a machine with one action. It has no ask: users put a callback in the event.
import { assign, createActor, createMachine } from 'xstate'
import { main } from './harness.mjs'
import { localRows } from './local-rows.mjs'

const machine = (handle) =>
  createMachine({
    initial: 'on',
    context: { count: 0 },
    states: {
      on: {
        on: {
          message: {
            actions: [
              assign({ count: ({ context }) => context.count + 1 }),
              ({ event }) => {
                const answer = handle(event.message)
                event.reply?.(answer)
              },
            ],
          },
        },
      },
    },
  })

/** The actors of `spawn` share one machine, as a user would have it. */
const plain = machine((message) => message.by)
const rows = localRows({
  spawn: (handle) => createActor(machine(handle)).start(),
  tell: (actor, message) => actor.send({ type: 'message', message }),
  ask: (actor, message) => new Promise((reply) => actor.send({ type: 'message', message, reply })),
})
const { spawn } = localRows({ spawn: () => createActor(plain).start(), spawnMax: 20_000 })

main('xstate-machine', { ...rows, spawn })

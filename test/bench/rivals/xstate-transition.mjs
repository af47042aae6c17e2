// xstate: actors of a reducer. A send is a nested call of the receiver, not a message that waits.
import { createActor, fromTransition } from 'xstate'
import { main } from './harness.mjs'
import { localRows } from './local-rows.mjs'

const reducer = (handle) =>
  fromTransition((state, { message, reply }) => {
    const answer = handle(message)
    reply?.(answer)
    return state
  }, {})

const plain = reducer((message) => message.by)
const rows = localRows({
  spawn: (handle) => createActor(reducer(handle)).start(),
  tell: (actor, message) => actor.send({ type: 'message', message }),
  ask: (actor, message) => new Promise((reply) => actor.send({ type: 'message', message, reply })),
})
const { spawn } = localRows({ spawn: () => createActor(plain).start(), spawnMax: 20_000 })

main('xstate-transition', { ...rows, spawn })

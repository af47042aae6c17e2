// nact: functions of state and message, one process.
import { dispatch, query, spawn, start } from 'nact'
import { main } from './harness.mjs'
import { localRows } from './local-rows.mjs'

const ASK_TIMEOUT_MS = 30_000
const system = start()
let names = 0

main(
  'nact',
  localRows({
    spawn: (handle) =>
      spawn(
        system,
        (state, message) => {
          const answer = handle(message)
          if (message.sender !== undefined) dispatch(message.sender, answer)
          return state
        },
        `actor-${names++}`,
      ),
    tell: dispatch,
    ask: (actor, { by }) => query(actor, (sender) => ({ by, sender }), ASK_TIMEOUT_MS),
  }),
)

import type { Incarnation } from './incarnation.js'
import type { Message } from './message.js'

/** Takes a message from its mailbox to its handler. */
export type HandOver = (context: Incarnation, message: Message) => void

/** While nobody stands between. `node/` puts another function in its place when somebody does. */
export const straight: HandOver = (context, message) => context.handle(message)

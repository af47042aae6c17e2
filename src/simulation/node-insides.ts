import type { ActorSystem } from '../actor/actor-system.js'
import type { Node } from '../node/node.js'

/** What lies behind a node's refs: a look that checks and recordings take, and no program may. */
export const systemOf = (node: Node): ActorSystem =>
  (node as unknown as { readonly system: ActorSystem }).system

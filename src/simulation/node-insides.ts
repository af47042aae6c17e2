import type { ActorSystem } from '../actor/actor-system.js'
import type { Definition } from '../actor/definition.js'
import type { Node } from '../node/node.js'

/** What lies behind a node's refs: a look that checks and recordings take, and no program may. */
export const systemOf = (node: Node): ActorSystem =>
  (node as unknown as { readonly system: ActorSystem }).system

/** Tells the class of every actor that starts on a node, by taking the place of what starts them. */
export function onSpawn(node: Node, hear: (definition: Definition) => void): void {
  const system = systemOf(node)
  const spawn = system.spawn.bind(system)
  const heard: typeof spawn = (...args) => {
    const cell = spawn(...args)
    hear(cell.definition)
    return cell
  }
  system.spawn = heard
}

/** The actor on a node that an envelope is for, as traces name it; undefined for the node itself and for who is gone. */
export function addressee(node: Node, to: number | string): string | undefined {
  const system = systemOf(node)
  const cell = typeof to === 'number' ? system.cell(to) : system.named(to)
  return cell && `${cell.definition.type}:${cell.name ?? cell.serial}`
}

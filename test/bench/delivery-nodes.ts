/** Nodes of one process over loopback, for what delivery stages cost: all work of all of them is measured. */
import { Actor } from '../../src/actor/actor.js'
import { actor } from '../../src/actor/decorators.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { silentLogger } from '../../src/base/logger.js'
import type { Node } from '../../src/node/node.js'
import { startNode } from '../../src/node/start-node.js'

/** Notes what comes by sender and key, whose numbers rise from 0. */
export class Tally {
  received = 0
  /** Those before the highest that came. */
  reordered = 0
  repeated = 0
  readonly #highest = new Map<string, number>()

  note(flow: string, number: number): void {
    const highest = this.#highest.get(flow) ?? -1
    if (number === highest) this.repeated++
    else if (number < highest) this.reordered++
    else this.#highest.set(flow, number)
    this.received++
  }
}

export const tallies = { plain: new Tally(), reliable: new Tally() }

@actor('bench/receiver')
export class Receiver extends Actor {
  add(_from: number, by: number): number {
    tallies.plain.received++
    return by
  }
  plain(flow: string, number: number): void {
    tallies.plain.note(flow, number)
  }
  reliable(flow: string, number: number): void {
    tallies.reliable.note(flow, number)
  }
}

export const RECEIVER = 'receiver'

/** A full mesh. */
export async function meshOf(count: number, options: object = {}): Promise<Node[]> {
  const nodes: Node[] = []
  for (let i = 0; i < count; i++) {
    const node = await startNode({ name: `n${i}`, logger: silentLogger, ...options })
    node.spawn(Receiver, undefined, { name: RECEIVER })
    for (const other of nodes) await other.join(node.address)
    nodes.push(node)
  }
  await until(() => nodes.every((node) => nodes.every((other) => node.isUp(other.name))))
  return nodes
}

export const receiverOn = async (from: Node, on: Node): Promise<ActorRef<Receiver>> =>
  (await from.whereis(RECEIVER, { on: on.name })) as unknown as ActorRef<Receiver>

export async function until(done: () => boolean, everyMs = 2): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, everyMs))
}

/** Tells so many, waits where it is asked to, and is back when all were sent. */
export async function tellAll(
  count: number,
  tell: (i: number) => boolean,
  ready: () => Promise<void>,
): Promise<void> {
  for (let i = 0; i < count; i++) if (!tell(i)) await ready()
}

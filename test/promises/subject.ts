import type { DeadLetter, Node, NodeEvents, NodeOptions } from '../../src/index.js'
import type { Address } from '../../src/world/network.js'
import type { FaultyWorld } from './faulty-world.js'

/** One thing a node told, with the time since its environment began. */
export interface Told {
  readonly event: keyof NodeEvents
  /** The node or member it is about, '' where it is about none. */
  readonly about: string
  readonly payload: unknown
  readonly atMs: number
}

/** A node under test and all that it has told. */
export class Subject {
  readonly name: string
  readonly node: Node
  readonly options: Partial<NodeOptions>
  readonly faulty: FaultyWorld
  readonly told: Told[] = []
  readonly letters: DeadLetter[] = []
  /** Messages counted by `connectionLost`. */
  lost = 0
  crashed = false

  constructor(node: Node, options: Partial<NodeOptions>, faulty: FaultyWorld, now: () => number) {
    this.name = node.name
    this.node = node
    this.options = options
    this.faulty = faulty
    for (const event of EVENTS) {
      node.events.on(event, (...[payload]: readonly unknown[]) => {
        this.told.push({ event, about: aboutOf(payload), payload, atMs: now() })
      })
    }
    node.events.on('deadLetter', (letter) => this.letters.push(letter))
    node.events.on('connectionLost', ({ count }) => {
      this.lost += count
    })
  }

  get address(): Address {
    return this.node.addresses[0] as Address
  }

  /** What it told of one kind, about one node or all. */
  heard(event: keyof NodeEvents, about?: string): Told[] {
    return this.told.filter(
      (one) => one.event === event && (about === undefined || one.about === about),
    )
  }

  /** What it told last of that. */
  last(event: keyof NodeEvents, about?: string): Told {
    const last = this.heard(event, about).at(-1)
    if (last === undefined) throw new Error(`${this.name} never told ${event} ${about ?? ''}`)
    return last
  }

  /** When it told that last. */
  when(event: keyof NodeEvents, about?: string): number {
    return this.last(event, about).atMs
  }

  members(): string[] {
    return this.node.members().map(({ name }) => name)
  }

  reasons(): string[] {
    return this.letters.map(({ reason }) => reason)
  }
}

const EVENTS = [
  'memberJoined',
  'memberLeft',
  'peerUp',
  'peerDown',
  'nodeUp',
  'nodeDown',
  'channelUp',
  'channelDown',
  'connectionLost',
  'refused',
  'badMessage',
  'lagged',
  'left',
  'groupChanged',
  'rootFailed',
  'stopped',
] as const satisfies readonly (keyof NodeEvents)[]

function aboutOf(payload: unknown): string {
  const { node, peer, member } = (payload ?? {}) as Record<string, { name?: string } | undefined>
  return (node ?? peer ?? member)?.name ?? ''
}

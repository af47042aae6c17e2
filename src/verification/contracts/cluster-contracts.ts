import { type Check, check, type View } from '../../simulation/index.js'

/** Options of checks that hold once faults have ended. */
export interface EventuallyOptions {
  /** So long may it take, in ms of virtual time. Default 30,000. */
  readonly withinMs?: number
}

/** A check: once faults have ended, every running node lists all that run as members, and no other. For overlays whose `members()` is all. */
export const membersConverge = (options: EventuallyOptions = {}): Check =>
  check.eventually(
    'members converge',
    ({ nodes }: View) => {
      const all = [...nodes.keys()].sort()
      for (const [name, node] of nodes) {
        const known = node.members().map((member) => member.name)
        const lacking = all.find((other) => !known.includes(other))
        if (lacking !== undefined) return `${name} does not know ${lacking}`
        const extra = known.find((other) => !nodes.has(other))
        if (extra !== undefined) return `${name} still knows ${extra}`
      }
      return true
    },
    options,
  )

/** A check: once faults have ended, connections leave no running node apart, whatever the overlay. */
export const overlayConnects = (options: EventuallyOptions = {}): Check =>
  check.eventually(
    'overlay connects',
    ({ nodes }: View) => {
      const ways = new Map<string, string[]>([...nodes.keys()].map((name) => [name, []]))
      for (const [name, node] of nodes) {
        for (const { peer, up } of node.stats().transport.peers) {
          if (!up || !nodes.has(peer)) continue
          ways.get(name)?.push(peer)
          ways.get(peer)?.push(name)
        }
      }
      const [first] = nodes.keys()
      if (first === undefined) return true
      const reached = new Set([first])
      for (const name of reached) for (const peer of ways.get(name) ?? []) reached.add(peer)
      const apart = [...nodes.keys()].find((name) => !reached.has(name))
      return apart === undefined || `no connections lead from ${first} to ${apart}`
    },
    options,
  )

import { hashText } from '../base/random.js'

/** Up to so many peers a node spreads broadcasts over all its connections. */
const ALL_MAX = 8
/** Links a node has beyond the ring, on average. */
const SHORTCUTS = 4

/**
 * The peers over which a node spreads broadcasts where all nodes are connected to all: flooding or
 * announcing over every connection would cost n² messages. Links of a ring in the order of hashed names,
 * which keeps all nodes together, and random ones, which keep ways short. Both ends come to the same
 * links by themselves, and a node that comes or goes changes few of them.
 */
export function meshLinks(self: string, peers: readonly string[]): readonly string[] {
  if (peers.length <= ALL_MAX) return peers
  const chosen = new Set<string>()
  const own = hashText(self)
  let next: Place | undefined
  let before: Place | undefined
  const share = (SHORTCUTS / peers.length) * 2 ** 32
  for (const peer of peers) {
    const place = new Place(peer, (hashText(peer) - own) >>> 0)
    if (next === undefined || place.isBefore(next)) next = place
    if (before === undefined || before.isBefore(place)) before = place
    if (hashText(self < peer ? `${self}/${peer}` : `${peer}/${self}`) < share) chosen.add(peer)
  }
  for (const place of [next, before]) if (place !== undefined) chosen.add(place.peer)
  return [...chosen]
}

/** Where a peer stands on the ring, seen from this node. */
class Place {
  readonly peer: string
  readonly distance: number

  constructor(peer: string, distance: number) {
    this.peer = peer
    this.distance = distance
  }

  isBefore(other: Place): boolean {
    if (this.distance !== other.distance) return this.distance < other.distance
    return this.peer < other.peer
  }
}

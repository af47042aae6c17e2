import { newIncarnation } from '../base/identity.js'
import type { Address, Member } from '../overlay/overlay.js'

const PORT = 9_000

/** The member of a core that was the `number`th to start. */
export const coreMember = (name: string, number: number): Member => ({
  name,
  incarnation: incarnationFor(number),
  generation: number,
  addresses: [addressOf(name)],
  tags: [],
})

/** Where the node of that name lives in a network of cores. */
export const addressOf = (name: string): Address => ({ host: name, port: PORT })

/** An incarnation that is different for every number, and no other's. */
export function incarnationFor(number: number): string {
  const bytes = [0, number >>> 24, number >>> 16, number >>> 8, number]
  return newIncarnation(1_700_000_000_000 + number, Uint8Array.from(bytes))
}

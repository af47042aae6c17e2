import type { Codec } from '../wire/codec.js'
import type { World } from '../world/world.js'

const KEY = 'cluster/generation'

/**
 * The generation of a start: larger than that of every earlier start with the same store, and wall
 * time in milliseconds if that is larger still. Without a store it is wall time.
 *
 * @throws TroupeError ERR_STORE
 */
export async function nextGeneration(
  world: Pick<World, 'clock' | 'store'>,
  codec: Codec,
): Promise<number> {
  const wallMs = Math.max(1, Math.floor(world.clock.wallMs()))
  const { store } = world
  if (store === undefined) return wallMs
  const last = readGeneration(codec, await store.get(KEY))
  const generation = Math.max(last + 1, wallMs)
  await store.put(KEY, codec.encodeValue(generation))
  await store.sync()
  return generation
}

function readGeneration(codec: Codec, bytes: Uint8Array | undefined): number {
  if (bytes === undefined) return 0
  try {
    const value = codec.decodeValue(bytes)
    return Number.isSafeInteger(value) ? (value as number) : 0
  } catch {
    return 0 // damaged: wall time orders the starts
  }
}

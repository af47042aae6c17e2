import { check, isBoolean, isText, readOptions } from '../../base/options.js'
import { seededRandom } from '../../base/random.js'
import type { World } from '../world.js'
import { collectorRoom as room } from './collector-room.js'
import { FileStore } from './file-store.js'
import { RealClock } from './real-clock.js'
import { realCompress } from './real-compress.js'
import { realCrypto } from './real-crypto.js'
import { realEntropy } from './real-entropy.js'
import { realEnvironment } from './real-environment.js'
import { realTurn } from './real-turn.js'
import { threadNetwork } from './thread-network.js'

export interface RealWorldOptions {
  /**
   * A directory, made when missing, in which the store keeps its log. One process a directory.
   * Absent: the world has no store.
   */
  readonly dataDir?: string
  /** Seeds `random`, for reproducible choices on a real node. Default: drawn from entropy. */
  readonly seed?: number | string
  /**
   * False: V8's garbage collector is left alone by all worlds of this thread, for good. Default true: while more than
   * 16 MB a second come in or go out, V8 may let 64 MB of buffers pass between two full collections
   * (`--heap-growing-percent`), and a second after that its own measure is back. A process that was started with that
   * flag, whatever its value, is left alone too.
   */
  readonly collectorRoom?: boolean
}

const OPTIONS = {
  dataDir: { fallback: undefined, check: isText },
  seed: {
    fallback: undefined,
    check: check<number | string>(
      'a number or a string',
      (v) => typeof v === 'string' || (typeof v === 'number' && Number.isFinite(v)),
    ),
  },
  collectorRoom: { fallback: true, check: isBoolean },
}

/**
 * The world of a node on this machine: its clock, sockets, randomness and disk. Opens nothing and
 * starts nothing by itself.
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function realWorld(options?: RealWorldOptions): World {
  const given = readOptions<RealWorldOptions>('realWorld', OPTIONS, options)
  const { dataDir, seed, collectorRoom } = given
  if (!collectorRoom) room.leave()
  const world = {
    clock: new RealClock(),
    random: seededRandom(seed ?? Buffer.from(realEntropy.bytes(16)).toString('hex')),
    entropy: realEntropy,
    crypto: realCrypto,
    compress: realCompress,
    turn: realTurn,
    network: threadNetwork,
    environment: realEnvironment,
  }
  return dataDir === undefined ? world : { ...world, store: new FileStore(dataDir) }
}

import { TroupeError } from '../base/errors.js'
import { durationMs, type Fields, integer, readOptions } from '../base/options.js'

/** Times and bounds of everything between two nodes. Node presets (`lan()`, `wan()`) are made of these. */
export interface PeerOptions {
  /** A ping per peer this often, on the membership lane. Default 1000. */
  readonly heartbeatMs: number
  /** Nothing heard for this long: `peerDown` with ERR_PEER_SILENT. More than `heartbeatMs`. Default 3000. */
  readonly silenceMs: number
  /** After `peerDown` the node is given up when nothing comes back within this time; until then lanes keep their queues. Default 2000. */
  readonly downAfterMs: number
  /** From the first byte to the last of a handshake. Default 5000. */
  readonly handshakeTimeoutMs: number
  /** For the network to make a connection. Default 3000. */
  readonly connectTimeoutMs: number
  /** Longest wait before the first redial; doubles with every failure. Default 100. */
  readonly backoffMinMs: number
  /** Longest wait before any redial. Default 5000. */
  readonly backoffMaxMs: number
  /** The largest message, head included. Larger ones throw ERR_TOO_LARGE at the sender. Default 64 MiB. */
  readonly maxMessageBytes: number
  /** Above this many queued bytes `send` answers SLOW. Default 1 MiB. */
  readonly laneHighWaterBytes: number
  /** `ready` resolves when the queue is this small again. Default 256 KiB. */
  readonly laneLowWaterBytes: number
  /** The hard bound of a lane's queue in bytes; then the channel's policy acts. Default 64 MiB. */
  readonly laneMaxBytes: number
  /** The hard bound of a lane's queue in messages. Default 100,000. */
  readonly laneMaxMessages: number
  /**
   * Small messages are handed to the network while it holds less than this. Of large ones a near peer
   * (round trips below 0.5 ms, or on this machine) has eight times as much under way on each lane; for
   * others that is measured. Default 256 KiB.
   */
  readonly windowBytes: number
  /** All connections, dialled and accepted. Default 4096. */
  readonly maxConnections: number
  /** Accepted connections that have not proven themselves yet; beyond it the oldest is closed. Default 256. */
  readonly maxUnauthenticated: number
  /** Lanes to one peer, over all channels. Default 256. */
  readonly maxConnectionsPerPeer: number
  /** How long closing connections may take to send what they hold. Default 1000. */
  readonly lingerMs: number
}

const MIB = 1024 * 1024
const FIELDS: Fields<PeerOptions> = {
  heartbeatMs: { fallback: 1000, check: durationMs(1) },
  silenceMs: { fallback: 3000, check: durationMs(1) },
  downAfterMs: { fallback: 2000, check: durationMs() },
  handshakeTimeoutMs: { fallback: 5000, check: durationMs(1) },
  connectTimeoutMs: { fallback: 3000, check: durationMs(1) },
  backoffMinMs: { fallback: 100, check: durationMs(1) },
  backoffMaxMs: { fallback: 5000, check: durationMs(1) },
  maxMessageBytes: { fallback: 64 * MIB, check: integer(1024, 1024 * MIB) },
  laneHighWaterBytes: { fallback: MIB, check: integer(1) },
  laneLowWaterBytes: { fallback: MIB / 4, check: integer(0) },
  laneMaxBytes: { fallback: 64 * MIB, check: integer(1024) },
  laneMaxMessages: { fallback: 100_000, check: integer(1) },
  windowBytes: { fallback: MIB / 4, check: integer(64 * 1024, 64 * MIB) },
  maxConnections: { fallback: 4096, check: integer(1) },
  maxUnauthenticated: { fallback: 256, check: integer(1) },
  maxConnectionsPerPeer: { fallback: 256, check: integer(2, 4096) },
  lingerMs: { fallback: 1000, check: durationMs() },
}

/**
 * Fills defaults and checks how options stand to each other.
 * @throws TroupeError ERR_BAD_OPTION naming option, rule and value
 */
export function readPeerOptions(given?: Partial<PeerOptions>, of = 'peers'): PeerOptions {
  const read = readOptions<PeerOptions>(of, FIELDS, given)
  const order: readonly [keyof PeerOptions, keyof PeerOptions][] = [
    ['heartbeatMs', 'silenceMs'],
    ['backoffMinMs', 'backoffMaxMs'],
    ['laneLowWaterBytes', 'laneHighWaterBytes'],
    ['laneHighWaterBytes', 'laneMaxBytes'],
  ]
  for (const [low, high] of order) {
    if (read[low] <= read[high]) continue
    throw new TroupeError(
      'ERR_BAD_OPTION',
      `${of}.${low} must be at most ${of}.${high} (${read[high]}), got ${read[low]}`,
    )
  }
  return read
}

import { TroupeError } from '../base/errors.js'
import {
  badOption,
  check,
  durationMs,
  type Fields,
  integer,
  isBoolean,
  readOptions,
} from '../base/options.js'
import { PRESENCE_FIELDS, type PresenceOptions } from '../overlay/presence-options.js'

/** Options of `broker()`. */
export interface BrokerOptions extends PresenceOptions {
  /** `amqp://user:password@host:5672/vhost`, or `amqps://…` for TLS. Default `amqp://guest:guest@127.0.0.1:5672`. */
  readonly url: string
  /** Nodes of one cluster find each other: 1 to 64 letters, digits, `.`, `_` or `-`. Default `default`. */
  readonly cluster: string
  /**
   * The node's queue outlives its connection and a restart of the broker. It then holds for the node what
   * is sent meanwhile, at most for `expiresMs`; connections break all the same. Default false.
   */
  readonly durable: boolean
  /** A durable queue that nobody reads vanishes after this time. Default 60,000. */
  readonly expiresMs: number
  /** A queue takes so many bytes; what comes above breaks the connection it is of. Default 64 MiB. */
  readonly queueMaxBytes: number
  /** Messages the broker hands over ahead of their acknowledgement. Default 512. */
  readonly prefetch: number
  /** Bytes of one connection between two nodes that may be under way and unread. Default 256 KiB. */
  readonly windowBytes: number
  /** Bytes handed to the broker and not confirmed yet; above it everything waits. Default 4 MiB. */
  readonly inFlightMaxBytes: number
  /** A broker that confirms nothing for so long is taken for lost. Default 10,000. */
  readonly confirmTimeoutMs: number
  /** For the broker to answer a connection. Default 5,000. */
  readonly connectTimeoutMs: number
  /** Longest wait before the first attempt to reconnect; doubles with every failure. Default 100. */
  readonly backoffMinMs: number
  /** Longest wait before any attempt to reconnect. Default 2,000: less than it takes to be evicted. */
  readonly backoffMaxMs: number
}

const KIB = 1024
const MIB = 1024 * KIB

const isCluster = check<string>(
  "1 to 64 letters, digits, '.', '_' or '-'",
  (v) => typeof v === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(v),
)

const FIELDS: Fields<BrokerOptions> = {
  ...PRESENCE_FIELDS,
  url: {
    fallback: 'amqp://guest:guest@127.0.0.1:5672',
    check: check('an amqp:// or amqps:// URL', () => true), // by hand: its password must not be shown
  },
  cluster: { fallback: 'default', check: isCluster },
  durable: { fallback: false, check: isBoolean },
  expiresMs: { fallback: 60_000, check: durationMs(1_000) },
  queueMaxBytes: { fallback: 64 * MIB, check: integer(MIB, 2 ** 40) },
  prefetch: { fallback: 512, check: integer(1, 65_535) },
  windowBytes: { fallback: 256 * KIB, check: integer(64 * KIB, 64 * MIB) },
  inFlightMaxBytes: { fallback: 4 * MIB, check: integer(64 * KIB, 1024 * MIB) },
  confirmTimeoutMs: { fallback: 10_000, check: durationMs(100) },
  connectTimeoutMs: { fallback: 5_000, check: durationMs(1) },
  backoffMinMs: { fallback: 100, check: durationMs(1) },
  backoffMaxMs: { fallback: 2_000, check: durationMs(1) },
}

/** @throws TroupeError ERR_BAD_OPTION naming option, rule and value */
export function readBrokerOptions(given?: Partial<BrokerOptions>): BrokerOptions {
  const options = readOptions<BrokerOptions>('broker', FIELDS, given)
  parseBrokerUrl(options.url)
  if (options.backoffMinMs > options.backoffMaxMs) {
    const rule = `at most broker.backoffMaxMs (${options.backoffMaxMs})`
    throw badOption('broker.backoffMinMs', rule, options.backoffMinMs)
  }
  return options
}

/** @throws TroupeError ERR_BAD_OPTION, which does not show what may hold a password */
export function parseBrokerUrl(text: unknown): URL {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^amqps?:$/.test(url.protocol) && url.hostname !== '') return url
  const got = typeof text === 'string' ? 'a text that is none' : typeof text
  throw new TroupeError(
    'ERR_BAD_OPTION',
    `broker.url must be of the form amqp://user:password@host:5672/vhost, got ${got}`,
  )
}

/** Host, port and virtual host: what may be logged. */
export function placeOf(url: URL): string {
  const port = url.port === '' ? (url.protocol === 'amqps:' ? '5671' : '5672') : url.port
  const vhost = url.pathname.length > 1 ? url.pathname : ''
  return `${url.protocol}//${url.hostname}:${port}${vhost}`
}

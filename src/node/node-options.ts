import {
  CHANNEL_DELIVERY_FIELDS,
  type ChannelDelivery,
  deliveryPart,
  readChannelDelivery,
} from '../base/delivery-options.js'
import { TroupeError } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import {
  badOption,
  type Check,
  check,
  durationMs,
  type Fields,
  integer,
  isBoolean,
  isObject,
  isText,
  oneOf,
  readOptions,
} from '../base/options.js'
import { type GivenBroadcastOptions, readBroadcastOptions } from '../cluster/broadcast-driver.js'
import { type GivenPipelineOptions, readPipelineOptions } from '../delivery/pipeline-options.js'
import { type GivenOverlay, isGivenOverlay, readOverlay } from '../node/overlay-named.js'
import { fullMesh } from '../overlay/full-mesh.js'
import type { OverlayFactory } from '../overlay/overlay.js'
import { CHANNEL_OPTIONS, type ChannelOptions, ChannelTable } from '../peer/channel-table.js'
import { type PeerOptions, readPeerOptions } from '../peer/peer-options.js'
import { checkListen } from '../peer/peers.js'
import { declaredType, type SpawnableClass } from '../remote/remote-spawn.js'
import type { Address, TlsOptions } from '../world/network.js'
import type { Store } from '../world/store.js'
import type { World } from '../world/world.js'
import type { Timing } from './presets.js'

/** How instances of one class (not of its subclasses) cross the wire. */
export interface UserCodec<T extends object = object> {
  readonly class: abstract new (...args: never[]) => T
  /** A value that can cross the wire. */
  toWire(value: T): unknown
  /** The instance again. What it throws refuses the message. */
  fromWire(wire: unknown): T
}

/** A codec with its types tied together. */
export const classCodec = <T extends object>(codec: UserCodec<T>): UserCodec =>
  codec as unknown as UserCodec

/** A channel: its connections and bound, and what messages on it ask of delivery. */
export interface NodeChannelOptions extends ChannelOptions, ChannelDelivery {}

export interface NodeOptions {
  /** The node's name, unique in its cluster: 1 to 64 letters, digits, `.`, `_` or `-`. */
  readonly name: string
  /**
   * Where to listen; default 127.0.0.1 and a free port (`port: 0`). Anything but loopback needs a `cookie`, or
   * TLS with a `ca`. On `0.0.0.0` or `::` the node tells others the addresses of its interfaces, unless
   * `advertise` says otherwise.
   */
  readonly listen?: { readonly host?: string; readonly port: number } | undefined
  /** Where others are to dial this node when that is not where it listens (behind NAT, in a container). */
  readonly advertise?: Address | undefined
  /** A secret that all nodes share, at least one character. Proved by both sides, never sent. */
  readonly cookie?: string | undefined
  /** TLS for all connections: `key` and `cert` are needed; with `ca` both sides must present a certificate it signed. */
  readonly tls?: TlsOptions | undefined
  /**
   * Who connects to whom: `hyparview()`, or by name `'hyparview'`, `'client-server {"role":"client"}'`,
   * `{ name: 'client-server', options: { role: 'client' } }`. Default: what the variable `TROUPE_OVERLAY` of
   * the environment says in the same words, then the file named in `config`, then `fullMesh()`.
   */
  readonly overlay?: GivenOverlay | undefined
  /**
   * A JSON file with any of these options that are plain data. What stands in code beats the environment, which
   * beats the file.
   */
  readonly config?: string | undefined
  /**
   * Named traffic classes: `{ game: { connections: 4 }, orders: { reliable: true } }`. `default` may be
   * tuned too. What is declared here holds for messages that this node sends.
   */
  readonly channels?: Readonly<Record<string, Partial<NodeChannelOptions>>>
  /** Bounds and times of reliable, causal and monotonic delivery. */
  readonly delivery?: GivenPipelineOptions
  /** Times and bounds of `node.broadcast`; see `BroadcastOptions`. */
  readonly broadcast?: GivenBroadcastOptions
  /** Classes that other nodes may spawn here. Default: none. */
  readonly remoteSpawn?: readonly SpawnableClass[]
  /** Heartbeats and how soon a node is given up: `local()`, `lan()` (default), `wan()`, or times of your own. */
  readonly timing?: Partial<Timing>
  /** Bounds and times of connections; see `PeerOptions`. The three of `timing` are set there. */
  readonly connections?: Partial<Omit<PeerOptions, keyof Timing>>
  /** Free labels others see, such as a role; at most 16. */
  readonly tags?: readonly string[]
  /** A directory in which the node keeps what must survive it (its generation, its members). Default: none. */
  readonly dataDir?: string | undefined
  /**
   * Where the node keeps what must survive it, in place of `dataDir`: `await lmdbStore({ path })` of
   * `troupe/lmdb`, or one of your own. The node closes it.
   */
  readonly store?: Store | undefined
  /** Pino's shape. Default: JSON lines of warnings and errors to standard error. */
  readonly logger?: Logger | undefined
  /** Deadline of asks that name none. Default 5,000. */
  readonly askTimeoutMs?: number
  /** Messages that may wait in a mailbox. Default 100,000. */
  readonly mailboxLimit?: number
  /** Messages that an actor may stash. Default 1,000. */
  readonly stashLimit?: number
  /** What a running handler and `onStop` get before they are abandoned. Default 5,000. */
  readonly stopTimeoutMs?: number
  /** Copies arguments and answers of local calls too, as if the actor were remote. Default false. */
  readonly copyLocal?: boolean
  /** How instances of your own classes cross the wire, by a name that all nodes know: `{ 'geo/point': pointCodec }`. */
  readonly codecs?: Readonly<Record<string, UserCodec>>
  /** Sends the stacks of errors to askers on other nodes. Default false. */
  readonly remoteStacks?: boolean
  /**
   * Children that a supervisor of another node placed here end after this time out of contact with that
   * node, in ms. Default 60,000.
   */
  readonly orphanAfterMs?: number
  /** What the node does when a root supervisor gives up, after the event `rootFailed`. Default `stay`. */
  readonly onRootFailed?: 'stop' | 'stay'
  /** The outside. Default: this machine; a simulation hands in its own. */
  readonly world?: World | undefined
}

const isNodeName = check<string>(
  "1 to 64 letters, digits, '.', '_' or '-'",
  (v) => typeof v === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(v),
)

const isAddress = check<Address>(
  '{ host, port } with a port from 1 to 65535',
  (v) =>
    typeof v === 'object' &&
    v !== null &&
    typeof (v as Address).host === 'string' &&
    (v as Address).host !== '' &&
    integer(1, 65_535).test((v as Address).port),
)

const isLogger = check<Logger>(
  'a logger with debug, info, warn and error',
  (v) =>
    typeof v === 'object' &&
    v !== null &&
    ['debug', 'info', 'warn', 'error'].every(
      (level) => typeof (v as Record<string, unknown>)[level] === 'function',
    ),
)

const isTags = check<readonly string[]>(
  'at most 16 strings of 1 to 64 characters',
  (v) =>
    Array.isArray(v) &&
    v.length <= 16 &&
    v.every((tag) => typeof tag === 'string' && tag.length >= 1 && tag.length <= 64),
)

const isClasses = check<readonly SpawnableClass[]>(
  'a list of actor classes',
  (v) => Array.isArray(v) && v.every((item) => typeof item === 'function'),
)

const PORTS = ['clock', 'random', 'entropy', 'crypto', 'compress', 'turn', 'network']

const isWorld = check<World>(
  `a world with ${PORTS.join(', ')}, such as realWorld()`,
  (v) =>
    typeof v === 'object' &&
    v !== null &&
    PORTS.every((port) => typeof (v as Record<string, unknown>)[port] === 'object'),
)

const STORE_METHODS = ['get', 'put', 'delete', 'keys', 'sync', 'close']

const isStore = check<Store>(
  `a store with ${STORE_METHODS.join(', ')}`,
  (v) =>
    typeof v === 'object' &&
    v !== null &&
    STORE_METHODS.every((method) => typeof (v as Record<string, unknown>)[method] === 'function'),
)

const optional = <T>(rule: Check<T>): { fallback: undefined; check: Check<T> } => ({
  fallback: undefined,
  check: rule,
})

const FIELDS = {
  name: optional(isNodeName),
  listen: optional(isObject()),
  advertise: optional(isAddress),
  cookie: optional(isText),
  tls: optional(isObject()),
  overlay: optional(isGivenOverlay),
  config: optional(isText),
  channels: optional(isObject()),
  delivery: { fallback: {}, check: isObject() },
  broadcast: { fallback: {}, check: isObject() },
  remoteSpawn: { fallback: [], check: isClasses },
  timing: optional(isObject()),
  connections: optional(isObject()),
  tags: { fallback: [], check: isTags },
  dataDir: optional(isText),
  store: optional(isStore),
  logger: optional(isLogger),
  askTimeoutMs: { fallback: 5_000, check: durationMs(1) },
  mailboxLimit: { fallback: 100_000, check: integer(1) },
  stashLimit: { fallback: 1_000, check: integer(0) },
  stopTimeoutMs: { fallback: 5_000, check: durationMs() },
  copyLocal: { fallback: false, check: isBoolean },
  codecs: { fallback: {}, check: isObject() },
  remoteStacks: { fallback: false, check: isBoolean },
  orphanAfterMs: { fallback: 60_000, check: durationMs(1) },
  onRootFailed: { fallback: 'stay', check: oneOf('stop', 'stay') },
  world: optional(isWorld),
} as unknown as Fields<NodeOptions>

const LISTEN_FIELDS: Fields<{ host: string; port: number }> = {
  host: { fallback: '127.0.0.1', check: isText },
  port: { fallback: 0, check: integer(0, 65_535) },
}

const TLS_FIELDS = {
  key: optional(isText),
  cert: optional(isText),
  ca: optional(isText),
  serverName: optional(isText),
} as unknown as Fields<TlsOptions>

const TIMING_FIELDS = {
  heartbeatMs: optional(durationMs(1)),
  silenceMs: optional(durationMs(1)),
  downAfterMs: optional(durationMs()),
  leaseMs: optional(durationMs(3)),
} as unknown as Fields<Partial<Timing>>

/** Options with their defaults; `listen` is undefined for a node that is not dialled. */
export interface ReadNodeOptions
  extends Required<Omit<NodeOptions, Absent>>,
    Pick<NodeOptions, Absent> {
  readonly overlay: OverlayFactory
  /** Without what they ask of delivery. */
  readonly channels: Readonly<Record<string, Partial<ChannelOptions>>>
  readonly channelDelivery: Readonly<Record<string, ChannelDelivery>>
  readonly listen?: { readonly host: string; readonly port: number }
}

type Absent =
  | 'config'
  | 'listen'
  | 'advertise'
  | 'cookie'
  | 'tls'
  | 'dataDir'
  | 'store'
  | 'logger'
  | 'world'

/**
 * Checks all options of a node before anything starts.
 * @throws TroupeError ERR_BAD_OPTION naming option, rule and value
 */
export function readNodeOptions(given: NodeOptions): ReadNodeOptions {
  const read = readOptions<NodeOptions>('startNode', FIELDS, given)
  if (read.name === undefined) throw badOption('startNode.name', isNodeName.text, undefined)
  checkStores(read)
  checkCodecs(read.codecs)
  for (const actorClass of read.remoteSpawn ?? []) declaredType(actorClass)
  const listen = read.listen && readOptions('startNode.listen', LISTEN_FIELDS, read.listen)
  const tls = read.tls && readOptions('startNode.tls', TLS_FIELDS, read.tls)
  for (const part of ['key', 'cert'] as const) {
    if (tls && tls[part] === undefined)
      throw badOption(`startNode.tls.${part}`, isText.text, undefined)
  }
  const timing = readOptions('startNode.timing', TIMING_FIELDS, read.timing)
  const { connections = {}, cookie } = read
  const { channels, channelDelivery } = readChannels(read.channels)
  checkDurableChannels(channelDelivery, read)
  readPipelineOptions(read.delivery, 'startNode.delivery')
  readBroadcastOptions(read.broadcast, 'startNode.broadcast')
  checkConnections(connections, timing)
  checkListen({ listen, cookie, tls })
  const overlay =
    read.overlay === undefined ? fullMesh() : readOverlay(read.overlay, 'startNode.overlay')
  const parts = { ...read, overlay, channels, channelDelivery, connections, timing }
  if (listen !== undefined) parts.listen = listen
  if (tls !== undefined) parts.tls = tls
  return parts as ReadNodeOptions
}

function checkStores({ dataDir, store, world }: Partial<NodeOptions>): void {
  if (dataDir === undefined && store === undefined) return
  for (const [name, given] of Object.entries({ dataDir, store })) {
    if (given === undefined || world === undefined) continue
    throw new TroupeError(
      'ERR_BAD_OPTION',
      `startNode.${name} belongs to the real world; a world brings its own store`,
    )
  }
  if (dataDir === undefined || store === undefined) return
  throw new TroupeError(
    'ERR_BAD_OPTION',
    'startNode.dataDir and startNode.store exclude each other',
  )
}

function checkDurableChannels(
  channels: Readonly<Record<string, ChannelDelivery>>,
  { dataDir, store, world }: Partial<NodeOptions>,
): void {
  if (dataDir !== undefined || store !== undefined || world?.store !== undefined) return
  for (const [name, { durable }] of Object.entries(channels)) {
    if (!durable) continue
    throw new TroupeError(
      'ERR_BAD_OPTION',
      `startNode.channels.${name}.durable needs a store that outlives the node: ` +
        'give startNode.dataDir, or startNode.store (such as lmdbStore of troupe/lmdb)',
    )
  }
}

/** What concerns the lanes of channels, and apart from it what concerns delivery. */
function readChannels(
  given: NodeOptions['channels'] = {},
): Pick<ReadNodeOptions, 'channels' | 'channelDelivery'> {
  const of = 'startNode.channels'
  const channels: Record<string, Partial<ChannelOptions>> = {}
  const channelDelivery: Record<string, ChannelDelivery> = {}
  for (const [name, options] of Object.entries(given)) {
    checkChannelNames(`${of}.${name}`, options)
    const delivery = isObject<Partial<NodeChannelOptions>>().test(options) && deliveryPart(options)
    if (!delivery) {
      channels[name] = options
      continue
    }
    channelDelivery[name] = readChannelDelivery(`${of}.${name}`, delivery)
    channels[name] = Object.fromEntries(
      Object.entries(options).filter(([option]) => !Object.hasOwn(CHANNEL_DELIVERY_FIELDS, option)),
    )
  }
  new ChannelTable(channels, of)
  return { channels, channelDelivery }
}

function checkChannelNames(of: string, options: object): void {
  const known = [...CHANNEL_OPTIONS, ...Object.keys(CHANNEL_DELIVERY_FIELDS)]
  const unknown = Object.keys(options ?? {}).find((option) => !known.includes(option))
  if (unknown === undefined) return
  throw new TroupeError(
    'ERR_BAD_OPTION',
    `${of}.${unknown} is not an option; there are: ${known.join(', ')}`,
  )
}

function checkConnections(
  connections: NonNullable<NodeOptions['connections']>,
  timing: Partial<Timing>,
): void {
  for (const time of Object.keys(TIMING_FIELDS)) {
    if (!Object.hasOwn(connections, time)) continue
    throw new TroupeError(
      'ERR_BAD_OPTION',
      `startNode.connections.${time} is not an option; it is startNode.timing.${time}`,
    )
  }
  readPeerOptions(connections, 'startNode.connections')
  const { leaseMs: _, ...times } = timing
  readPeerOptions({ ...connections, ...times }, 'startNode.timing')
}

const isCodec = check<UserCodec>(
  'an object with a class, toWire and fromWire',
  (v) =>
    typeof v === 'object' &&
    v !== null &&
    ['class', 'toWire', 'fromWire'].every(
      (part) => typeof (v as Record<string, unknown>)[part] === 'function',
    ),
)

function checkCodecs(codecs: NodeOptions['codecs'] = {}): void {
  for (const [name, codec] of Object.entries(codecs)) {
    if (!isCodec.test(codec)) throw badOption(`startNode.codecs.${name}`, isCodec.text, codec)
  }
}

import { TroupeError } from '../base/errors.js'
import {
  badOption,
  check,
  durationMs,
  type Fields,
  integer,
  isObject,
  isText,
  readOptions,
} from '../base/options.js'
import type { NodeOptions } from '../node/node-options.js'
import { parseAddress } from '../overlay/address.js'
import type { Intensity } from '../supervision/restart-policy.js'
import type { Address } from '../world/network.js'
import type { PlainNodeOptions } from './worker-module.js'

/** Options of `startWorkers`. */
export interface WorkersOptions {
  /** Nodes are called by this name, a dot and their number: `game.1`, `game.2`. 1 to 60 letters, digits, `.`, `_` or `-`. */
  readonly name: string
  /** How many threads, each with a node; 1 to 999. As many as there are processors to spare. */
  readonly count: number
  /** What they run: a module whose default export is a `WorkerModule`, as `new URL('./app.js', import.meta.url)`. */
  readonly module: URL | string
  /** Options of all nodes that are plain data, such as `channels`, `cookie`, `timing`, an overlay by its name. */
  readonly node?: PlainNodeOptions
  /**
   * Where the workers listen for nodes outside of this process; default 127.0.0.1 and free ports. The first takes
   * the port given, the second the next one, and so on.
   */
  readonly listen?: { readonly host?: string; readonly port: number } | undefined
  /** Where others are to dial the first worker when that is not where it listens; the second has the next port, and so on. */
  readonly advertise?: Address | undefined
  /** Each node keeps its data in the directory of its name in this one. Default: none. */
  readonly dataDir?: string | undefined
  /**
   * Nodes that all workers join besides each other, by address: one outside, or the node of this thread. With `[]`
   * they do not join each other either: for an overlay that is not joined. Default: each other only.
   */
  readonly join?: readonly (string | Address)[] | undefined
  /** Handed to each as a copy: `WorkerSelf.data`. */
  readonly data?: unknown
  /**
   * A worker that ends by itself is started again, with an empty node: how often in all. With `maxRestarts: 0`
   * never. Default 3 within 60,000 ms.
   */
  readonly restart?: Partial<Intensity>
  /** A worker whose heap becomes larger ends, in MiB. Default: what Node gives a thread. */
  readonly heapMiB?: number | undefined
  /** For a worker to load its module, start its node, join the others and run `start`. Default 60,000. */
  readonly startTimeoutMs?: number
  /** Modules that each thread loads first, as `node --import` does. */
  readonly imports?: readonly (string | URL)[]
}

/** Options with their defaults. */
export interface ReadWorkersOptions
  extends Omit<WorkersOptions, 'module' | 'imports' | 'join' | 'restart'> {
  /** A `file:` URL. */
  readonly module: string
  readonly imports: readonly string[]
  readonly join: readonly string[] | undefined
  readonly restart: Intensity
  readonly startTimeoutMs: number
}

const isGroupName = check<string>(
  "1 to 60 letters, digits, '.', '_' or '-'",
  (v) => typeof v === 'string' && /^[A-Za-z0-9._-]{1,60}$/.test(v),
)

const isModule = check<URL | string>(
  "a file: URL, such as new URL('./app.js', import.meta.url)",
  (v) => (v instanceof URL || typeof v === 'string') && /^file:\/\//.test(String(v)),
)

const isList = check<readonly never[]>('a list', (v) => Array.isArray(v))

const optional = (rule: unknown): unknown => ({ fallback: undefined, check: rule })

const FIELDS = {
  name: optional(isGroupName),
  count: optional(integer(1, 999)),
  module: optional(isModule),
  node: { fallback: {}, check: isObject() },
  listen: optional(isObject()),
  advertise: optional(isObject()),
  dataDir: optional(isText),
  join: optional(isList),
  data: optional(check('anything that can be copied', () => true)),
  restart: { fallback: {}, check: isObject() },
  heapMiB: optional(integer(16)),
  startTimeoutMs: { fallback: 60_000, check: durationMs(1) },
  imports: { fallback: [], check: isList },
} as unknown as Fields<WorkersOptions>

const LISTEN_FIELDS: Fields<{ host: string; port: number }> = {
  host: { fallback: '127.0.0.1', check: isText },
  port: { fallback: 0, check: integer(0, 65_535) },
}

const RESTART_FIELDS: Fields<Intensity> = {
  maxRestarts: { fallback: 3, check: integer(0) },
  withinMs: { fallback: 60_000, check: durationMs(1) },
}

/** What belongs beside `node`, or into the module. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  name: 'startWorkers.name',
  listen: 'startWorkers.listen',
  advertise: 'startWorkers.advertise',
  dataDir: 'startWorkers.dataDir',
  world: 'nobody: each thread has a world of its own',
  logger: "the module's node.logger",
  codecs: "the module's node.codecs",
  remoteSpawn: "the module's node.remoteSpawn",
}

/** @throws TroupeError ERR_BAD_OPTION naming option, rule and value; ERR_BAD_ADDRESS */
export function readWorkersOptions(given: WorkersOptions): ReadWorkersOptions {
  const read = readOptions<WorkersOptions>('startWorkers', FIELDS, given)
  for (const name of ['name', 'count', 'module'] as const) {
    if (read[name] === undefined) throw badOption(`startWorkers.${name}`, 'given', undefined)
  }
  for (const option of Object.keys(read.node ?? {})) {
    if (!Object.hasOwn(ELSEWHERE, option)) continue
    const detail = `startWorkers.node.${option} belongs to ${ELSEWHERE[option]}`
    throw new TroupeError('ERR_BAD_OPTION', detail)
  }
  checkCopies('startWorkers.data', read.data)
  for (const [option, value] of Object.entries(read.node ?? {})) {
    checkCopies(`startWorkers.node.${option}`, value)
  }
  const { listen, advertise, count } = read
  checkPorts('listen', listen && readOptions('startWorkers.listen', LISTEN_FIELDS, listen), count)
  checkPorts('advertise', advertise && parseAddress(advertise), count)
  return {
    ...read,
    module: String(read.module),
    imports: (read.imports ?? []).map(String),
    join: read.join?.map((at) => addressOf(at)),
    restart: readOptions('startWorkers.restart', RESTART_FIELDS, read.restart),
    startTimeoutMs: read.startTimeoutMs as number,
  }
}

/** Options of the node of one worker that follow from its number. */
export function optionsOfWorker(
  { node, listen, advertise, dataDir }: ReadWorkersOptions,
  name: string,
  number: number,
): Partial<NodeOptions> {
  const at = (port: number): number => (port === 0 ? 0 : port + number - 1)
  return {
    ...node,
    ...(listen && { listen: { ...listen, port: at(listen.port) } }),
    ...(advertise && { advertise: { ...advertise, port: at(advertise.port) } }),
    ...(dataDir !== undefined && { dataDir: `${dataDir}/${name}` }),
  }
}

function checkPorts(
  option: string,
  at: { readonly port: number } | undefined,
  count: number,
): void {
  if (at === undefined || at.port === 0 || at.port + count - 1 <= 65_535) return
  const rule = `at most ${65_536 - count} for ${count} workers`
  throw badOption(`startWorkers.${option}.port`, rule, at.port)
}

function checkCopies(option: string, value: unknown): void {
  try {
    structuredClone(value)
  } catch (cause) {
    const detail = `${option} cannot be copied to a thread: ${(cause as Error).message}; the module can give it`
    throw new TroupeError('ERR_BAD_OPTION', detail, { cause })
  }
}

function addressOf(given: string | Address): string {
  const { host, port } = parseAddress(given)
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

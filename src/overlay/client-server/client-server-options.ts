import { TroupeError } from '../../base/errors.js'
import {
  badOption,
  check,
  durationMs,
  type Fields,
  integer,
  isBoolean,
  oneOf,
  readOptions,
} from '../../base/options.js'
import { addressText, parseAddress } from '../address.js'
import { isNodeName } from '../member.js'
import type { Address, Member } from '../overlay.js'

export interface ClientServerOptions {
  /** What this node is. Servers are connected to each other, clients to servers only. */
  readonly role: 'client' | 'server'
  /**
   * Addresses (`host:port`) of servers to dial at start, in place of a `join`. Its own may be among
   * them. Default: none.
   */
  readonly servers: readonly (string | Address)[]
  /** For a client: servers it stays attached to, of which one carries its messages. Default 1. */
  readonly connections: number
  /** For a server: clients attached to it at most; further ones are pointed to other servers. Default 10,000. */
  readonly clientsMax: number
  /** For a server: names that may come as a server; nodes of other names are clients or nothing. Default: any. */
  readonly serverNames?: readonly string[] | undefined
  /** For a server: clients may take other nodes out, not only themselves. Default false. */
  readonly clientsRemove: boolean
  /** Clients of all servers together that are taken at most. Default 20,000. */
  readonly membersMax: number
  /** A client that no server has had for so long is no member any more; it may come back. Default 60,000. */
  readonly evictAfterMs: number
  /** Digests are compared this often and repair what was lost. Default 10,000. */
  readonly gossipMs: number
  /** Removed members remembered, so that late news does not bring them back. Default 4,096. */
  readonly removedMax: number
}

const isList = check<readonly (string | Address)[]>('a list of addresses', Array.isArray)

const isNames = check<readonly string[]>(
  'a list of node names',
  (v) => Array.isArray(v) && v.every(isNodeName),
)

const FIELDS: Fields<
  Omit<ClientServerOptions, 'role'> & { role: ClientServerOptions['role'] | undefined }
> = {
  role: { fallback: undefined, check: oneOf('client', 'server') },
  servers: { fallback: [], check: isList },
  connections: { fallback: 1, check: integer(1, 16) },
  clientsMax: { fallback: 10_000, check: integer(1, 1_000_000) },
  serverNames: { fallback: undefined, check: isNames },
  clientsRemove: { fallback: false, check: isBoolean },
  membersMax: { fallback: 20_000, check: integer(1, 1_000_000) },
  evictAfterMs: { fallback: 60_000, check: durationMs(1) },
  gossipMs: { fallback: 10_000, check: durationMs(1) },
  removedMax: { fallback: 4_096, check: integer(1, 100_000) },
}

const OF_CLIENTS = ['connections'] as const
const OF_SERVERS = [
  'clientsMax',
  'serverNames',
  'clientsRemove',
  'evictAfterMs',
  'removedMax',
] as const

/** What a user gives: the role, and what shall differ from the defaults. */
export type GivenClientServerOptions = Pick<ClientServerOptions, 'role'> &
  Partial<ClientServerOptions>

/** @throws TroupeError ERR_BAD_OPTION naming option, rule and value; ERR_BAD_ADDRESS */
export function readClientServerOptions(given: GivenClientServerOptions): ClientServerOptions {
  const read = readOptions('clientServer', FIELDS, given)
  const { role } = read
  if (role === undefined) throw badOption('clientServer.role', FIELDS.role.check.text, undefined)
  for (const name of role === 'client' ? OF_SERVERS : OF_CLIENTS) {
    if (given[name] === undefined) continue
    const of = role === 'client' ? 'servers' : 'clients'
    throw new TroupeError(
      'ERR_BAD_OPTION',
      `clientServer.${name} is an option of ${of}, this is a ${role}`,
    )
  }
  return { ...read, role, servers: read.servers.map(parseAddress) }
}

/** The addresses of servers but this node's own. */
export function serversToDial({ servers }: ClientServerOptions, self: Member): Address[] {
  const own = new Set(self.addresses.map(addressText))
  return servers.map(parseAddress).filter((address) => !own.has(addressText(address)))
}

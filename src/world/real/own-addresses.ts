import { networkInterfaces } from 'node:os'
import type { Address } from '../network.js'

/** A node tells no more addresses than this. */
const MOST = 8

/**
 * Where a socket bound to `host` can be dialled from elsewhere, best first. Who listens on all
 * interfaces cannot be dialled at `0.0.0.0`: there everybody finds himself. Those are the addresses
 * of this machine's interfaces, IPv4 first, and loopback where it has no others.
 */
export function ownAddresses(host: string, port: number): readonly Address[] {
  if (host !== '0.0.0.0' && host !== '::') return [{ host, port }]
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  const outer = all
    .filter(({ internal, family }) => !internal && (family === 'IPv4' || host === '::'))
    .filter(({ address }) => !address.startsWith('fe80:')) // needs the name of an interface beside it
    .sort((a, b) => a.family.localeCompare(b.family))
    .map(({ address }) => ({ host: address, port }))
    .slice(0, MOST)
  return outer.length > 0 ? outer : [{ host: host === '::' ? '::1' : '127.0.0.1', port }]
}

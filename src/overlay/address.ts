import { TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import { isAddress } from './member.js'
import type { Address } from './overlay.js'

/**
 * Reads `host:port`, `10.0.0.1:9000` or `[::1]:9000`; an `Address` is checked and returned as it is.
 * @throws TroupeError ERR_BAD_ADDRESS
 */
export function parseAddress(given: string | Address): Address {
  if (typeof given !== 'string') {
    if (isAddress(given)) return { host: given.host, port: given.port }
    throw badAddress(given, 'needs a host and a port from 1 to 65535')
  }
  const match = /^(?:\[([^[\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(given)
  if (match === null) {
    const colons = given.split(':').length - 1
    throw badAddress(
      given,
      colons > 1
        ? 'must put an IPv6 host in brackets: [::1]:9000'
        : 'must be of the form host:port',
    )
  }
  const at = { host: match[1] ?? match[2] ?? '', port: Number(match[3]) }
  if (match[1] !== undefined && !match[1].includes(':')) {
    throw badAddress(given, 'has brackets around what is no IPv6 host')
  }
  if (!isAddress(at)) throw badAddress(given, 'needs a plain host and a port from 1 to 65535')
  return at
}

/** The text `parseAddress` reads back. */
export const addressText = (at: Address): string =>
  at.host.includes(':') ? `[${at.host}]:${at.port}` : `${at.host}:${at.port}`

const badAddress = (given: unknown, rule: string): TroupeError =>
  new TroupeError('ERR_BAD_ADDRESS', `the address ${show(given)} ${rule}`)

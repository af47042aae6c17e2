import { AsyncResource } from 'node:async_hooks'

const outside = new AsyncResource('troupe')

/**
 * Sockets are made in here, so that what arrives on them runs in the async context of the program's
 * start and not in that of whoever happened to dial.
 */
export const runOutside = <T>(make: () => T): T => outside.runInAsyncScope(make)

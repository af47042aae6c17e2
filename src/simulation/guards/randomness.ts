import crypto from 'node:crypto'
import { guarded } from './guard.js'
import type { GuardedHost } from './slot.js'

type Callback = (error: Error | null, value: unknown) => void

/** Fills a typed array or buffer as the real function would, from the host's stream. */
function fill(
  host: GuardedHost,
  view: ArrayBufferView | ArrayBuffer,
  offset = 0,
  size?: number,
): void {
  const bytes =
    view instanceof ArrayBuffer
      ? new Uint8Array(view)
      : new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
  const end = size === undefined ? bytes.length : offset + size
  for (let i = offset; i < end; i++) bytes[i] = host.u32() >>> 24
}

function randomBytes(host: GuardedHost, [size, callback]: unknown[]): unknown {
  const bytes = Buffer.alloc(size as number)
  fill(host, bytes)
  return settle(host, callback, bytes)
}

/** By callback later, or at once. */
function settle(host: GuardedHost, callback: unknown, value: unknown): unknown {
  if (typeof callback !== 'function') return value
  host.immediate(() => (callback as Callback)(null, value))
  return undefined
}

function uuid(host: GuardedHost): string {
  const bytes = Buffer.alloc(16)
  fill(host, bytes)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-')
}

/** `randomInt(max)`, `(min, max)`, each also with a callback. */
function randomInt(host: GuardedHost, args: unknown[]): unknown {
  const numbers = args.filter((one): one is number => typeof one === 'number')
  const callback = args.find((one) => typeof one === 'function')
  const [from, below] = numbers.length > 1 ? numbers : [0, numbers[0]]
  const range = (below as number) - (from as number)
  if (!Number.isSafeInteger(range) || range <= 0) {
    throw new RangeError(`randomInt: ${String(below)} must be an integer above ${String(from)}`)
  }
  const drawn = host.u32() * 2 ** 21 + (host.u32() >>> 11)
  return settle(host, callback, (from as number) + (drawn % range))
}

function randomFill(host: GuardedHost, args: unknown[]): unknown {
  const [view, ...rest] = args as [ArrayBufferView, ...unknown[]]
  const [offset, size] = rest.filter((one): one is number => typeof one === 'number')
  fill(host, view, offset, size)
  return settle(
    host,
    rest.find((one) => typeof one === 'function'),
    view,
  )
}

/** What cannot be replaced reads a property that is. */
function replace(holder: object, name: string, value: unknown): void {
  if (Object.getOwnPropertyDescriptor(holder, name)?.configurable === false) return
  Object.defineProperty(holder, name, {
    value,
    configurable: true,
    enumerable: true,
    writable: true,
  })
}

export function guardRandomness(): void {
  Math.random = guarded('random', 'Math.random', Math.random, (host) => host.float())
  const stands = {
    randomUUID: uuid,
    randomBytes,
    pseudoRandomBytes: randomBytes,
    randomInt,
    randomFillSync: randomFill,
    randomFill,
    getRandomValues: (host: GuardedHost, [view]: unknown[]) => {
      fill(host, view as ArrayBufferView)
      return view
    },
  }
  const functions = crypto as unknown as Record<string, () => unknown>
  for (const [name, stand] of Object.entries(stands)) {
    const real = functions[name]
    if (real !== undefined)
      replace(functions, name, guarded('random', `crypto.${name}`, real, stand))
  }
  for (const name of ['generateKeySync', 'generateKeyPairSync']) {
    const real = functions[name]
    if (real !== undefined) replace(functions, name, guarded('random', `crypto.${name}`, real))
  }
  const web = Object.getPrototypeOf(globalThis.crypto) as Record<string, () => unknown>
  for (const name of ['randomUUID', 'getRandomValues'] as const) {
    const real = web[name] as () => unknown
    replace(web, name, guarded('random', `crypto.${name}`, real, stands[name]))
  }
}

import { newIncarnation } from '../../src/base/identity.js'
import type { Random } from '../../src/base/random.js'
import { codec } from './raw-socket.js'

export const NIL = Buffer.from([0xc0])

/** One argument: an array of one array of one array …, and so on. */
export const NESTED: readonly [string, Buffer][] = [
  ['arrays', Buffer.concat([repeat(10_001, 0x91), NIL])],
  ['maps', Buffer.concat([Buffer.from([0x91]), repeat(10_000, 0x81, 0xa1, 0x61), NIL])],
  ['sets', Buffer.concat([Buffer.from([0x91]), repeat(10_000, 0xd4, 1, 0, 0x92, 2), NIL])],
]

export const EIGHT_MB_OF_EMPTY_MAPS = Buffer.concat([
  Buffer.from([0x91, 0xdd, 0x00, 0x80, 0x00, 0x00]),
  Buffer.alloc(8 * 1024 * 1024, 0x80),
])

/** Arguments that are none. */
export const DAMAGED: readonly [string, Uint8Array][] = [
  ['arguments that are no array', codec.encodeValue({ length: 1, 0: 'x' })],
  ['an array that promises 2^32 - 1 values', Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0])],
  ['a string that promises 2^32 - 1 bytes', Buffer.from([0x91, 0xdb, 255, 255, 255, 255, 65])],
  ['a second value behind the first', Buffer.from([0x91, 0x01, 0x02])],
  ['a byte that begins no value', Buffer.from([0x91, 0xc1])],
  ['a definition of a record', Buffer.from([0x91, 0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01])],
  [
    'a map with the key __proto__',
    Buffer.concat([
      Buffer.from([0x91, 0x81]),
      text('__proto__'),
      Buffer.from([0x81]),
      text('polluted'),
      Buffer.from([0xc3]),
    ]),
  ],
  [
    'a class nobody registered',
    Buffer.concat([Buffer.from([0x91, 0xd4, 1, 0, 0x93, 5]), text('evil/class'), NIL]),
  ],
  ['a reference to nonsense', Buffer.from([0x91, 0xd4, 1, 0, 0x92, 4, 0xc0])],
]

/** All requests and signals between the runtimes of two nodes; `stop` and the like with ends of nobody. */
export const REQUESTS = ['resolve', 'whereis', 'spawn', 'stop', 'groups', 'join', 'leave']
export const SIGNALS = [
  'watch',
  'unwatch',
  'link',
  'unlink',
  'down',
  'exit',
  'place',
  'placed',
].concat(['childEnded', 'endNoted'])

export function randomArgs(random: Random): unknown[] {
  const ulid = newIncarnation(random.u32(), Uint8Array.of(1, 2, 3, 4, 5))
  const values: readonly unknown[] = [
    undefined,
    null,
    true,
    -1,
    0,
    1e300,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    5n,
    '',
    'nobody',
    '__proto__',
    'x'.repeat(5_000),
    'processes/copy',
    'start',
    'permanent',
    ulid,
    [],
    [[], [[]]],
    ['error', ['x']],
    {},
    { length: 2 ** 32 },
    new Map([[1, 2]]),
    new Set([1]),
    new Uint8Array(10),
    new Date(Number.NaN),
    new Error('x'),
  ]
  return Array.from({ length: random.int(9) }, () => random.pick(values))
}

function repeat(count: number, ...bytes: number[]): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => Buffer.from(bytes)))
}

/** A MessagePack string of at most 31 bytes. */
function text(value: string): Buffer {
  return Buffer.from([0xa0 | value.length, ...Buffer.from(value)])
}

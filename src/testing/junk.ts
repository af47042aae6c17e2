import type { Random } from '../base/random.js'

/** A value that is no message of any overlay. */
export function junkValue(random: Random): unknown {
  return random.pick(JUNK)(random)
}

/** Anything a peer could put in the place of a field, nested up to three deep. */
export function anyValue(random: Random, depth = 3): unknown {
  const kind = random.int(depth > 0 ? 8 : 5)
  if (kind < 3) return junkValue(random)
  if (kind === 3) return random.pick(NUMBERS)
  if (kind === 4) return anyText(random)
  const items = Array.from({ length: random.int(4) }, () => anyValue(random, depth - 1))
  if (kind < 7) return items
  return Object.fromEntries(items.map((item, i) => [i === 0 ? 'type' : anyText(random), item]))
}

const JUNK: readonly ((random: Random) => unknown)[] = [
  () => undefined,
  () => null,
  (random) => random.int(2) === 0,
  (random) => random.pick([random.float(), -random.u32(), Number.NaN, Number.POSITIVE_INFINITY]),
  anyText,
  (random) => Uint8Array.from({ length: random.int(12) }, () => random.int(256)),
  () => [],
  (random) => Array.from({ length: 1 + random.int(4) }, () => anyText(random)),
  () => ({ type: 'join' }),
  () => ({ __proto__: null, constructor: 1 }),
]

const NUMBERS: readonly (number | bigint)[] = [
  0,
  -0,
  -1,
  0.5,
  1,
  2,
  3,
  7,
  255,
  65_536,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  -(2 ** 53),
  1e300,
  12n,
  2n ** 63n,
]

function anyText(random: Random): string {
  if (random.int(4) === 0) return random.pick(TEXTS)
  const codes = Array.from({ length: random.int(12) }, () => 32 + random.int(95))
  return String.fromCharCode(...codes)
}

const TEXTS: readonly string[] = [
  '',
  ' ',
  '/',
  'n00',
  'n01',
  'join',
  '__proto__',
  'constructor',
  '\u0000',
  'é'.repeat(300),
]

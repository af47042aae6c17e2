import { badOption, check, durationMs, type Fields, integer, readOptions } from '../base/options.js'
import { MEMBER_LIMITS } from './member.js'
import { readXBotOptions, type XBotOptions } from './xbot-options.js'

/** Active slots kept for members with a tag. */
export interface ReservedSlots {
  /** As in the `tags` of the node that shall find room, such as `server`. */
  readonly tag: string
  /** So many slots; members without the tag never take them, and never push such a member out of them. */
  readonly slots: number
}

export interface HyParViewOptions {
  /**
   * Neighbours, each with a connection; the paper takes ln(nodes) + 1. With two each, an overlay would
   * fall into rings. From 3 to 100, default 5.
   */
  readonly activeSize: number
  /** Spare members known without a connection; the paper takes 6 × (ln(nodes) + 1). At least `activeSize`, default 30. */
  readonly passiveSize: number
  /** Hops of a newcomer's record, and of a shuffle. Default 6. */
  readonly arwl: number
  /** With so many hops left, a newcomer's record is also kept as a spare. At most `arwl`, default 3. */
  readonly prwl: number
  /** Neighbours told in a shuffle. Default 3. */
  readonly ka: number
  /** Spares told in a shuffle. Default 4. */
  readonly kp: number
  /** One shuffle this often, spread by a quarter both ways. Default 10,000. */
  readonly shuffleMs: number
  /** A node that was asked to be a neighbour and does not answer is passed over after this time. Default 3,000. */
  readonly answerTimeoutMs: number
  /** Default: none. */
  readonly reserved?: ReservedSlots | undefined
  /** Swaps neighbours for closer ones (X-BOT); `true` or `{}` takes round-trip times for cost. Default: off. */
  readonly xbot?: XBotOptions | undefined
}

export type HyParViewSettings = Partial<Omit<HyParViewOptions, 'xbot'>> & {
  readonly xbot?: Partial<XBotOptions> | boolean | undefined
}

const OF = 'hyparview'

const FIELDS: Fields<HyParViewOptions> = {
  activeSize: { fallback: 5, check: integer(3, 100) },
  passiveSize: { fallback: 30, check: integer(1, 1_000) },
  arwl: { fallback: 6, check: integer(1, 64) },
  prwl: { fallback: 3, check: integer(0, 64) },
  ka: { fallback: 3, check: integer(0, 100) },
  kp: { fallback: 4, check: integer(0, 100) },
  shuffleMs: { fallback: 10_000, check: durationMs(1) },
  answerTimeoutMs: { fallback: 3_000, check: durationMs(1) },
  reserved: {
    fallback: undefined,
    check: check('an object such as { tag, slots }', (v) => typeof v === 'object' && v !== null),
  },
  xbot: {
    fallback: undefined,
    check: check('true, false or options such as { oracle }', (v) =>
      typeof v === 'object' ? v !== null && !Array.isArray(v) : typeof v === 'boolean',
    ),
  },
}

const RESERVED: Fields<ReservedSlots> = {
  tag: {
    fallback: '',
    check: check(
      `a text of 1 to ${MEMBER_LIMITS.tagChars} characters`,
      (v) => typeof v === 'string' && v !== '' && v.length <= MEMBER_LIMITS.tagChars,
    ),
  },
  slots: { fallback: 1, check: integer(1, 99) },
}

/** @throws TroupeError ERR_BAD_OPTION naming option, rule and value */
export function readHyParViewOptions(given: HyParViewSettings): HyParViewOptions {
  const read = readOptions<HyParViewOptions>(OF, FIELDS, given)
  const { activeSize, passiveSize, arwl, prwl } = read
  if (passiveSize < activeSize) {
    throw badOption(`${OF}.passiveSize`, `at least activeSize (${activeSize})`, passiveSize)
  }
  if (prwl > arwl) throw badOption(`${OF}.prwl`, `at most arwl (${arwl})`, prwl)
  return { ...read, reserved: readReserved(read), xbot: readXBot(given, activeSize) }
}

function readReserved({ reserved, activeSize }: HyParViewOptions): ReservedSlots | undefined {
  if (reserved === undefined) return undefined
  const read = readOptions<ReservedSlots>(`${OF}.reserved`, RESERVED, reserved)
  if (read.tag === '') throw badOption(`${OF}.reserved.tag`, 'given', undefined)
  if (read.slots < activeSize) return read
  throw badOption(`${OF}.reserved.slots`, `below activeSize (${activeSize})`, read.slots)
}

function readXBot({ xbot }: HyParViewSettings, activeSize: number): XBotOptions | undefined {
  if (xbot === undefined || xbot === false) return undefined
  return readXBotOptions(`${OF}.xbot`, xbot === true ? {} : xbot, activeSize)
}

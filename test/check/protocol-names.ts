/** A protocol as the command knows it before anything is loaded. */
export interface ProtocolEntry {
  /** What it is, in a line. */
  readonly is: string
  /** Nodes beside the first, unless asked for otherwise. */
  readonly participants: number
  /** Losses in one run, at most, unless asked for otherwise: Infinity where its runs come to an end by themselves. */
  readonly maxOmissions: number
  /** Mistakes that can be put into it. */
  readonly bugs: readonly string[]
}

const ALL = Number.POSITIVE_INFINITY

export const PROTOCOLS = {
  '2pc': {
    is: 'two-phase commit',
    participants: 3,
    maxOmissions: ALL,
    bugs: ['hasty', 'late votes', 'impatient', 'wrong repeat'],
  },
  '2pc-repeated': {
    is: 'two-phase commit whose outcome is sent until it is acknowledged',
    participants: 3,
    maxOmissions: 2,
    bugs: ['hasty', 'late votes', 'impatient', 'wrong repeat'],
  },
  ctp: {
    is: 'two-phase commit with cooperative termination',
    participants: 3,
    maxOmissions: 2,
    bugs: ['echo', 'sure'],
  },
  'ctp-once': {
    is: 'the same, in which an uncertain participant asks once',
    participants: 3,
    maxOmissions: 2,
    bugs: ['echo', 'sure'],
  },
  '3pc': {
    is: 'three-phase commit',
    participants: 3,
    maxOmissions: ALL,
    bugs: ['skip', 'hasty', 'unrecorded'],
  },
} as const satisfies Readonly<Record<string, ProtocolEntry>>

export type ProtocolName = keyof typeof PROTOCOLS

export const PROTOCOL_NAMES = Object.keys(PROTOCOLS) as readonly ProtocolName[]

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
  '3pc-asking': {
    is: 'the same, whose participants ask each other before they end it',
    participants: 3,
    maxOmissions: 2,
    bugs: ['skip', 'hasty', 'unrecorded'],
  },
  'direct-mail': {
    is: 'two values, each sent once to all',
    participants: 3,
    maxOmissions: ALL,
    bugs: [],
  },
  'direct-mail-acked': {
    is: 'the same, sent until it is acknowledged',
    participants: 3,
    maxOmissions: 2,
    bugs: ['first', 'once', 'twice', 'all at once'],
  },
  'anti-entropy': {
    is: 'stores that exchange what they have, with death certificates',
    participants: 2,
    maxOmissions: 1,
    bugs: ['arrival', 'first', 'same version', 'neighbour'],
  },
  'anti-entropy-uncertified': {
    is: 'the same without death certificates',
    participants: 2,
    maxOmissions: 1,
    bugs: [],
  },
  'rumor-mongering': {
    is: 'rumors, with anti-entropy behind them',
    participants: 3,
    maxOmissions: 1,
    bugs: ['twice', 'stopped backup', 'deaf', 'unread'],
  },
  'rumor-mongering-alone': {
    is: 'rumors that can die out',
    participants: 3,
    maxOmissions: 1,
    bugs: [],
  },
  'alsberg-day': {
    is: 'primary and backups, everything sent once',
    participants: 2,
    maxOmissions: 1,
    bugs: ['early', 'first', 'count'],
  },
  'alsberg-day-retry': {
    is: 'the same, sent until it is acknowledged',
    participants: 2,
    maxOmissions: 2,
    bugs: ['early', 'first', 'count'],
  },
  'alsberg-day-membership': {
    is: 'the same, without those that are not heard of',
    participants: 2,
    maxOmissions: 1,
    bugs: ['early', 'first', 'count', 'waits'],
  },
  'quorum-register': {
    is: 'a register read and written by majorities',
    participants: 2,
    maxOmissions: 1,
    bugs: ['no write-back', 'own clock', 'last', 'overwrite', 'ties'],
  },
  'lease-lock': {
    is: 'a lock that is leased, and a store that refuses old numbers',
    participants: 3,
    maxOmissions: 1,
    bugs: ['any release', 'same number', 'lax', 'renewed'],
  },
  'g-counter': {
    is: 'a counter that grows on every node',
    participants: 2,
    maxOmissions: 1,
    bugs: ['sum', 'shared', 'latest', 'told'],
  },
} as const satisfies Readonly<Record<string, ProtocolEntry>>

export type ProtocolName = keyof typeof PROTOCOLS

export const PROTOCOL_NAMES = Object.keys(PROTOCOLS) as readonly ProtocolName[]

import { alsbergDay } from '../../examples/protocols/alsberg-day.js'
import { antiEntropy } from '../../examples/protocols/anti-entropy.js'
import { cooperativeTermination } from '../../examples/protocols/cooperative-termination.js'
import { directMail } from '../../examples/protocols/direct-mail.js'
import { gCounter } from '../../examples/protocols/g-counter.js'
import { leaseLock } from '../../examples/protocols/lease-lock.js'
import { quorumRegister } from '../../examples/protocols/quorum-register.js'
import { rumorMongering } from '../../examples/protocols/rumor-mongering.js'
import { threePhaseCommit } from '../../examples/protocols/three-phase-commit.js'
import { twoPhaseCommit } from '../../examples/protocols/two-phase-commit.js'
import { type FaultModel, faultModels, type Scenario } from '../../src/simulation/index.js'
import { type ExplorerFactory, omissions, pos, random } from '../../src/verification/index.js'

/** So long before anything is done at most: faults take their time, too. */
const LATER_MS = 2_000

/** A scenario and what may befall it. */
export interface Exhibit {
  readonly scenario: Scenario
  readonly using: readonly ExplorerFactory[]
}

/** A protocol in its correct form; what it cannot survive; mistakes. */
export interface Keeper {
  readonly protocol: string
  readonly correct: Exhibit
  readonly flaws: Readonly<Record<string, Exhibit>>
  readonly bugs: Readonly<Record<string, Exhibit>>
}

interface Plan {
  /** The work begins when faults may be under way already. */
  readonly later?: boolean
  readonly faults?: FaultModel
  readonly using?: readonly ExplorerFactory[]
}

const exhibit = (scenario: Scenario, { faults, later = false, using }: Plan): Exhibit => ({
  scenario: {
    ...scenario,
    ...(faults !== undefined && { faults }),
    ...(later && {
      async workload(w) {
        await w.sleep(w.int(LATER_MS))
        await scenario.workload?.(w)
      },
    }),
  },
  using: using ?? [pos(), random()],
})

function keeper<B extends string>(
  protocol: string,
  make: (bug?: B) => Scenario,
  plan: Plan,
  bugs: readonly B[],
  flaws: Readonly<Record<string, Exhibit>>,
): Keeper {
  return {
    protocol,
    correct: exhibit(make(), plan),
    flaws,
    bugs: Object.fromEntries(bugs.map((bug) => [bug, exhibit(make(bug), plan)])),
  }
}

const loss = faultModels.loss(0.1)
const lossy = loss.plus(faultModels.duplication(0.1))
const oneCrash = faultModels.loss(0).with({ stops: 0.05 })
const quick = { everyMs: [50, 500], lastMs: [500, 3_000] } as const
const slow = faultModels.network().plus(faultModels.pauses()).with(quick)
/** Messages that are late at first, and lost throughout. */
const late = loss.plus(faultModels.network()).with({ ...quick, most: 10 })
const withBug = <B>(bug: B | undefined) => (bug === undefined ? {} : { bug })

/** All there are. */
export const ZOO: readonly Keeper[] = [
  keeper(
    'two-phase commit, repeated',
    (bug) => twoPhaseCommit(4, { repeats: true, ...withBug(bug) }),
    { faults: late, later: true },
    ['hasty', 'late votes', 'impatient', 'wrong repeat'],
    { 'the outcome is sent once, and lost': exhibit(twoPhaseCommit(), { faults: loss }) },
  ),
  keeper(
    'cooperative termination',
    (bug) => cooperativeTermination(4, withBug(bug)),
    { faults: faultModels.loss(0.2) },
    ['echo', 'sure'],
    {
      'the coordinator crashes, and all are uncertain': exhibit(cooperativeTermination(), {
        faults: oneCrash,
      }),
    },
  ),
  keeper(
    'three-phase commit whose participants ask each other',
    (bug) => threePhaseCommit(4, { termination: 'ask', ...withBug(bug) }),
    { using: [omissions({ max: 1, crashes: 1 })] },
    ['skip', 'hasty', 'unrecorded'],
    {
      'two faults': exhibit(threePhaseCommit(4, { termination: 'ask' }), {
        using: [omissions({ max: 2, crashes: 2 })],
      }),
      'two messages are lost, and nobody asks': exhibit(threePhaseCommit(), {
        using: [omissions({ max: 2 })],
      }),
      'the coordinator crashes between two messages, and nobody asks': exhibit(threePhaseCommit(), {
        using: [omissions({ max: 1, crashes: 1 })],
      }),
    },
  ),
  keeper(
    'direct mail, acknowledged',
    (bug) => directMail(4, withBug(bug)),
    { faults: lossy },
    ['first', 'once', 'twice', 'all at once'],
    {
      'it is sent once, and lost': exhibit(directMail(4, { acknowledged: false }), {
        faults: loss,
      }),
      'the sender crashes': exhibit(directMail(), { faults: oneCrash }),
    },
  ),
  keeper(
    'anti-entropy',
    (bug) => antiEntropy(3, withBug(bug)),
    { faults: lossy },
    ['arrival', 'first', 'same version', 'neighbour'],
    {
      'what was deleted comes back': exhibit(antiEntropy(3, { certificates: false }), {
        faults: lossy,
      }),
    },
  ),
  keeper(
    'rumor mongering with a backup',
    (bug) => rumorMongering(4, withBug(bug)),
    { faults: lossy },
    ['twice', 'stopped backup', 'deaf', 'unread'],
    {
      'the rumor dies out': exhibit(rumorMongering(4, { backup: false }), { faults: loss }),
    },
  ),
  keeper(
    'Alsberg–Day with membership',
    (bug) => alsbergDay(3, withBug(bug)),
    { faults: oneCrash.plus(faultModels.duplication(0.1)) },
    ['early', 'first', 'count', 'waits'],
    {
      'plain: a loss, and no answer': exhibit(alsbergDay(3, { variant: 'plain' }), {
        faults: loss,
      }),
      'retry: a crash, and no answer': exhibit(alsbergDay(3, { variant: 'retry' }), {
        faults: oneCrash,
      }),
      'membership: two primaries': exhibit(alsbergDay(), {
        faults: faultModels.partitions().with({ lastMs: [2_000, 6_000] }),
      }),
    },
  ),
  keeper(
    'Alsberg–Day with retries',
    (bug) => alsbergDay(3, { variant: 'retry', ...withBug(bug) }),
    { faults: lossy },
    [],
    {},
  ),
  keeper(
    'quorum register',
    (bug) => quorumRegister(3, withBug(bug)),
    { faults: faultModels.loss(0.05) },
    ['no write-back', 'own clock', 'last', 'overwrite', 'ties'],
    {
      'quorums that need not meet': exhibit(quorumRegister(3, { r: 1, w: 1 }), {}),
      'two of five read, two of five written': exhibit(quorumRegister(5, { r: 2, w: 2 }), {}),
    },
  ),
  keeper(
    'lease lock with fencing',
    (bug) => leaseLock(4, withBug(bug)),
    { faults: slow },
    ['any release', 'same number', 'lax', 'renewed'],
    {
      'a write outlives its lease': exhibit(leaseLock(4, { fencing: false }), { faults: slow }),
    },
  ),
  keeper(
    'G-counter',
    (bug) => gCounter(3, withBug(bug)),
    { faults: lossy },
    ['sum', 'shared', 'latest', 'told'],
    {},
  ),
]

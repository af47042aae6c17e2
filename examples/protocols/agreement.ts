/** What atomic commit protocols have in common: one transaction, and what must hold in the end. */
import { check, type Operation, type Scenario, type View } from 'troupe/simulation'

/** How a participant stands. */
export type Vote = 'none' | 'prepared' | 'precommitted' | 'commit' | 'abort'

/** How much virtual time a run gets for its timers. */
const AFTERWARDS_MS = 30_000

export interface CommitProtocol {
  readonly name: string
  readonly participants: number
  readonly start: NonNullable<Scenario['start']>
  /** Asks the coordinator. */
  readonly begin: Operation
  votes(view: View): readonly Vote[]
}

/**
 * One transaction over that many participants, of which the first is on the coordinator's node. The caller must
 * not be told `ok` while somebody lacks the value, nor an error while somebody has it.
 */
export function commitScenario({
  name,
  participants,
  start,
  begin,
  votes,
}: CommitProtocol): Scenario {
  return {
    name,
    level: 'messages',
    nodes: participants,
    start,
    operations: { begin },
    callTimeoutMs: AFTERWARDS_MS,
    async workload(w) {
      await w.call('begin', 7)
      await w.sleep(AFTERWARDS_MS)
    },
    limits: { settleMs: 0 },
    checks: [
      check.eventually(
        'atomic',
        (view) => {
          const [call] = view.history
          const states = votes(view)
          const has = states.filter((state) => state === 'commit').length
          if (call?.status === 'ok' && has < participants) return `ok, and ${states.join(' ')}`
          if (call?.status === 'fail' && has > 0) return `refused, and ${states.join(' ')}`
          return call?.status === 'info' ? `no reply, and ${states.join(' ')}` : true
        },
        { withinMs: 0 },
      ),
    ],
  }
}

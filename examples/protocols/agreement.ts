/** What atomic commit protocols have in common: one transaction, and what must hold in the end. */
import type { Actor, Reply } from 'troupe'
import { check, type Op, type Scenario, type Verification } from 'troupe/simulation'

/** How a participant stands. */
export type Vote = 'none' | 'prepared' | 'precommitted' | 'commit' | 'abort'

/** How much virtual time a run gets for its timers. */
const AFTERWARDS_MS = 30_000

/** How long a client waits for the coordinator. */
const CALLER_MS = 20_000

/** What every actor of a commit protocol is started with. */
export interface CommitArgs {
  /** The nodes with a participant. */
  readonly participants: readonly string[]
}

export interface CommitProtocol {
  readonly name: string
  /** How many, the first beside the coordinator. */
  readonly participants: number
  /** What both kinds of actors are started with, beside `CommitArgs`. */
  readonly options: object
  /** On every node. */
  readonly participant: new () => Actor<CommitArgs> & { vote(): Vote }
  /** On the first node: answers `ok` once it is agreed, else refuses. */
  readonly coordinator: new () => Actor<CommitArgs> & { begin(value: number): Reply<string> }
}

/** How the participants that still run stand at the end of a run. */
export const votesOf = (history: readonly Op[]): Vote[] =>
  history
    .filter(({ name, status }) => name === 'vote' && status === 'ok')
    .map(({ value }) => value as Vote)

/** True where a participant that runs knows no outcome at the end. */
export const isBlocked = (history: readonly Op[]): boolean =>
  votesOf(history).some((vote) => vote !== 'commit' && vote !== 'abort')

/** Nobody commits while another aborts; who is told `ok` has it everywhere, who is refused nowhere. */
function atomic(history: readonly Op[]): Verification {
  const [call] = history
  const votes = votesOf(history)
  const has = votes.filter((vote) => vote === 'commit').length
  const text = votes.join(' ')
  const voted = (wrong: (vote: unknown) => boolean): Op | undefined =>
    history.find(({ name, status, value }) => name === 'vote' && status === 'ok' && wrong(value))
  if (has > 0 && votes.includes('abort')) {
    return blame(
      `split: ${text}`,
      voted((vote) => vote === 'abort'),
    )
  }
  if (call?.status === 'ok' && has < votes.length) {
    return blame(
      `ok, and ${text}`,
      voted((vote) => vote !== 'commit'),
    )
  }
  if (call?.status === 'fail' && has > 0) {
    return blame(
      `refused, and ${text}`,
      voted((vote) => vote === 'commit'),
    )
  }
  return call?.status === 'info' && call.code !== 'CRASHED'
    ? blame(`no reply, and ${text}`, call)
    : true
}

const blame = (why: string, op: Op | undefined): Verification =>
  op === undefined ? why : { why, op }

/** The names of the nodes from that one to that one. */
export const namesFrom = (first: number, last: number): string[] =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => `n${first + at}`)

/**
 * One transaction over that many participants, of which the first is on the coordinator's node. Nodes that have
 * crashed are asked for nothing.
 */
export function commitScenario({
  name,
  participants,
  options,
  participant,
  coordinator,
}: CommitProtocol): Scenario {
  return {
    name,
    level: 'messages',
    nodes: participants,
    interchangeable: [namesFrom(2, participants)],
    start(node, { nodes }) {
      const args = { ...options, participants: nodes }
      node.spawn(participant, args, { name: 'participant' })
      if (node.name === 'n1') node.spawn(coordinator, args, { name: 'coordinator' })
    },
    operations: {
      begin: (node, value: number) =>
        node
          .lookup(coordinator, 'coordinator', { on: 'n1' })
          .with({ timeoutMs: CALLER_MS })
          .ask.begin(value),
      vote: (node) => node.lookup(participant, 'participant', { on: node.name }).ask.vote(),
    },
    callTimeoutMs: AFTERWARDS_MS,
    async workload(w) {
      await w.call('begin', 7)
      await w.sleep(AFTERWARDS_MS)
      for (const node of w.nodes) await w.callOn(node, 'vote')
    },
    limits: { settleMs: 0 },
    checks: [check.history('atomic', atomic)],
  }
}

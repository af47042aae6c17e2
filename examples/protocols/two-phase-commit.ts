/**
 * Two-phase commit, as actors: a coordinator, and a participant on every node. One transaction: all vote,
 * then all are told. Its known flaw: the outcome is sent once, and a message can be lost.
 */
import { Actor, type ActorRef, actor, type Reply } from 'troupe'
import { type CommitArgs, commitScenario, type Vote } from './agreement.js'
import { Ballot } from './ballot.js'

const TIMEOUT_MS = 1_000

export interface TwoPhaseCommitOptions {
  /** The outcome is sent again every second until all have acknowledged it. Default false. */
  readonly repeats?: boolean
  /**
   * A mistake to be found. `hasty`: tells the caller at the first vote. `late votes`: votes that come after the
   * time out still count. `impatient`: a participant that hears nothing commits. `wrong repeat`: what is sent again
   * is always a commit.
   */
  readonly bug?: 'hasty' | 'late votes' | 'impatient' | 'wrong repeat'
}

interface Args extends TwoPhaseCommitOptions, CommitArgs {}

@actor('protocols/2pc/participant')
export class Participant extends Actor<Args> {
  #vote: Vote = 'none'

  prepare(_value: number): void {
    if (this.#vote !== 'none') return
    this.#vote = 'prepared'
    this.#coordinator.tell.prepared(this.node.name)
    if (this.args.bug !== 'impatient') return
    this.after(2 * TIMEOUT_MS, () => this.selfAs(Participant).tell.giveUp())
  }

  commit(): void {
    if (this.#vote !== 'abort') this.#vote = 'commit'
    this.#coordinator.tell.committed(this.node.name)
  }

  abort(): void {
    if (this.#vote !== 'commit') this.#vote = 'abort'
    this.#coordinator.tell.aborted(this.node.name)
  }

  giveUp(): void {
    if (this.#vote === 'prepared') this.#vote = 'commit'
  }

  vote(): Vote {
    return this.#vote
  }

  get #coordinator(): ActorRef<Coordinator> {
    return this.node.lookup(Coordinator, 'coordinator', { on: 'n1' })
  }
}

@actor('protocols/2pc/coordinator')
export class Coordinator extends Actor<Args> {
  #phase: 'idle' | 'preparing' | 'committing' | 'aborting' = 'idle'
  readonly #acknowledged = new Set<string>()
  #ballot: Ballot | undefined

  /** Answers `ok` once all have voted for it; else refuses. */
  begin(value: number): Reply<string> {
    this.#phase = 'preparing'
    const reply = this.deferReply<string>()
    this.#ballot = new Ballot(this.args.participants, reply)
    for (const one of this.#participants()) one.tell.prepare(value)
    this.after(TIMEOUT_MS, () => this.selfAs(Coordinator).tell.timedOut())
    return reply
  }

  prepared(by: string): void {
    const { bug } = this.args
    if (this.#phase !== 'preparing' && !(bug === 'late votes' && this.#phase === 'aborting')) return
    const all = this.#ballot?.vote(by)
    if (bug === 'hasty') this.#ballot?.accept()
    if (!all) return
    this.#phase = 'committing'
    this.#ballot?.accept()
    this.#tell()
  }

  committed(by: string): void {
    this.#acknowledged.add(by)
  }

  aborted(by: string): void {
    this.#acknowledged.add(by)
  }

  timedOut(): void {
    if (this.#phase !== 'preparing') return
    this.#phase = 'aborting'
    this.#ballot?.refuse('not all have voted')
    this.#tell()
  }

  /** The outcome, to all that have not acknowledged it. */
  tellAgain(): void {
    if (this.args.bug === 'wrong repeat') this.#phase = 'committing'
    this.#tell()
  }

  #tell(): void {
    const left = this.args.participants.filter((one) => !this.#acknowledged.has(one))
    for (const one of this.#participants(left)) {
      if (this.#phase === 'committing') one.tell.commit()
      else one.tell.abort()
    }
    if (left.length === 0 || this.args.repeats !== true) return
    this.after(TIMEOUT_MS, () => this.selfAs(Coordinator).tell.tellAgain())
  }

  #participants(names = this.args.participants): ActorRef<Participant>[] {
    return names.map((on) => this.node.lookup(Participant, 'participant', { on }))
  }
}

/** With so many participants, the first beside the coordinator. */
export const twoPhaseCommit = (participants = 4, options: TwoPhaseCommitOptions = {}) =>
  commitScenario({
    name: '2pc',
    participants,
    options,
    participant: Participant,
    coordinator: Coordinator,
  })

export default twoPhaseCommit()

/**
 * Three-phase commit, as actors: between vote and outcome all learn that all have voted for it, so that those who
 * hear nothing can end it by themselves. Its known flaw: a timeout is no proof. A message that is lost, or a
 * coordinator that stops between two messages, leaves some on either side. Participants that ask each other first
 * survive any one crash or loss.
 */
import { Actor, type ActorRef, actor, type Reply } from 'troupe'
import { type CommitArgs, commitScenario, type Vote } from './agreement.js'
import { Ballot } from './ballot.js'

const COORDINATOR_MS = 1_000
const PARTICIPANT_MS = 2_000
/** How long a participant waits for the others. */
const ANSWERS_MS = 1_000

export interface ThreePhaseCommitOptions {
  /**
   * What a participant does that hears nothing: it goes by what it knows (`timeout`, default), or asks the others
   * first (`ask`): then it survives any one crash or loss.
   */
  readonly termination?: 'timeout' | 'ask'
  /**
   * A mistake to be found. `skip`: commits as soon as all have voted. `hasty`: tells the caller then.
   * `unrecorded`: a participant acknowledges the second phase, but forgets it.
   */
  readonly bug?: 'skip' | 'hasty' | 'unrecorded'
}

interface Args extends ThreePhaseCommitOptions, CommitArgs {}

@actor('protocols/3pc/participant')
export class Participant extends Actor<Args> {
  #vote: Vote = 'none'
  /** How others stand, where they were asked. */
  readonly #heard = new Set<Vote>()

  prepare(_value: number): void {
    if (this.#vote !== 'none') return
    this.#vote = 'prepared'
    this.#coordinator.tell.prepared(this.node.name)
    this.after(PARTICIPANT_MS, () => this.selfAs(Participant).tell.heardNothing())
  }

  precommit(): void {
    if (this.#vote !== 'prepared') return
    if (this.args.bug !== 'unrecorded') this.#vote = 'precommitted'
    this.#coordinator.tell.precommitted(this.node.name)
  }

  commit(): void {
    this.#vote = 'commit'
    this.#coordinator.tell.committed(this.node.name)
  }

  abort(): void {
    this.#vote = 'abort'
    this.#coordinator.tell.aborted(this.node.name)
  }

  heardNothing(): void {
    if (this.#vote !== 'prepared' && this.#vote !== 'precommitted') return
    if (this.args.termination === 'ask') {
      for (const on of this.args.participants) {
        if (on !== this.node.name) this.#peer(on).tell.stateRequest(this.node.name)
      }
      this.after(ANSWERS_MS, () => this.selfAs(Participant).tell.conclude())
    } else if (this.#vote === 'precommitted') this.#vote = 'commit'
    else this.#vote = 'abort'
  }

  /** Who has not voted yet aborts: nobody can have committed without it. */
  stateRequest(by: string): void {
    if (this.#vote === 'none') this.#vote = 'abort'
    this.#peer(by).tell.state(this.#vote)
  }

  state(vote: Vote): void {
    this.#heard.add(vote)
  }

  /** An outcome that is known; else commits where all are known to have voted for it. */
  conclude(): void {
    if (this.#vote !== 'prepared' && this.#vote !== 'precommitted') return
    const known = new Set([this.#vote, ...this.#heard])
    if (known.has('commit')) this.#vote = 'commit'
    else if (known.has('abort')) this.#vote = 'abort'
    else this.#vote = known.has('precommitted') ? 'commit' : 'abort'
  }

  vote(): Vote {
    return this.#vote
  }

  #peer(on: string): ActorRef<Participant> {
    return this.node.lookup(Participant, 'participant', { on })
  }

  get #coordinator(): ActorRef<Coordinator> {
    return this.node.lookup(Coordinator, 'coordinator', { on: 'n1' })
  }
}

@actor('protocols/3pc/coordinator')
export class Coordinator extends Actor<Args> {
  #phase: 'idle' | 'preparing' | 'authorised' | 'finalising' | 'aborting' = 'idle'
  readonly #precommitted = new Set<string>()
  #ballot: Ballot | undefined

  /** Answers `ok` once all know that all have voted for it; else refuses. */
  begin(value: number): Reply<string> {
    this.#phase = 'preparing'
    const reply = this.deferReply<string>()
    this.#ballot = new Ballot(this.args.participants, reply)
    for (const one of this.#participants()) one.tell.prepare(value)
    this.after(COORDINATOR_MS, () => this.selfAs(Coordinator).tell.timedOut())
    return reply
  }

  prepared(by: string): void {
    if (this.#phase !== 'preparing') return
    if (!this.#ballot?.vote(by)) return
    this.#phase = 'authorised'
    if (this.args.bug === 'hasty') this.#ballot?.accept()
    if (this.args.bug === 'skip') this.#commit()
    else for (const one of this.#participants()) one.tell.precommit()
  }

  precommitted(by: string): void {
    if (this.#phase !== 'authorised') return
    this.#precommitted.add(by)
    if (this.#precommitted.size >= this.args.participants.length) this.#commit()
  }

  /** Nobody waits for it: the outcome is sent once. */
  committed(_by: string): void {}

  /** Likewise. */
  aborted(_by: string): void {}

  timedOut(): void {
    if (this.#phase !== 'preparing' && this.#phase !== 'authorised') return
    this.#phase = 'aborting'
    this.#ballot?.refuse('not all have answered')
    for (const one of this.#participants()) one.tell.abort()
  }

  #commit(): void {
    this.#phase = 'finalising'
    this.#ballot?.accept()
    for (const one of this.#participants()) one.tell.commit()
  }

  #participants(): ActorRef<Participant>[] {
    return this.args.participants.map((on) => this.node.lookup(Participant, 'participant', { on }))
  }
}

/** With so many participants, the first beside the coordinator. */
export const threePhaseCommit = (participants = 4, options: ThreePhaseCommitOptions = {}) =>
  commitScenario({
    name: '3pc',
    participants,
    options,
    participant: Participant,
    coordinator: Coordinator,
  })

export default threePhaseCommit()

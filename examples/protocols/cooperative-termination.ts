/**
 * Two-phase commit with cooperative termination, as actors: a participant that has voted and hears nothing asks
 * the others. Its known flaw: where all that can be asked are uncertain, all wait for the coordinator.
 */
import { Actor, type ActorRef, actor, type Reply } from 'troupe'
import { type CommitArgs, commitScenario, type Vote } from './agreement.js'
import { Ballot } from './ballot.js'

const COORDINATOR_MS = 1_000
const PARTICIPANT_MS = 2_000

export interface CooperativeTerminationOptions {
  /** Who is uncertain asks again every two seconds. Default true. */
  readonly repeats?: boolean
  /**
   * A mistake to be found. `echo`: who hears that another is uncertain aborts. `sure`: who has voted answers as if
   * its vote were the outcome.
   */
  readonly bug?: 'echo' | 'sure'
}

interface Args extends CooperativeTerminationOptions, CommitArgs {}

type Decision = 'commit' | 'abort' | 'uncertain'

@actor('protocols/ctp/participant')
export class Participant extends Actor<Args> {
  #vote: Vote = 'none'
  /** Those who told us that they are uncertain. */
  readonly #uncertain = new Set<string>()

  prepare(_value: number): void {
    if (this.#vote !== 'none') return
    this.#vote = 'prepared'
    this.#coordinator.tell.prepared(this.node.name)
    this.#wait()
  }

  commit(): void {
    this.#decide('commit')
    this.#coordinator.tell.committed(this.node.name)
  }

  abort(): void {
    this.#decide('abort')
    this.#coordinator.tell.aborted(this.node.name)
  }

  heardNothing(): void {
    if (this.#vote !== 'prepared') return
    const { participants, repeats = true } = this.args
    for (const on of participants) {
      if (on !== this.node.name) this.#peer(on).tell.decisionRequest(this.node.name)
    }
    if (repeats) this.#wait()
  }

  decisionRequest(by: string): void {
    this.#peer(by).tell.decision(this.#answer(), this.node.name)
  }

  decision(decision: Decision, by: string): void {
    if (this.#vote !== 'prepared') return
    if (decision === 'uncertain' && this.args.bug !== 'echo') {
      this.#uncertain.add(by)
      return
    }
    const outcome = decision === 'commit' ? 'commit' : 'abort'
    this.#decide(outcome)
    for (const on of this.#uncertain) this.#peer(on).tell.decision(outcome, this.node.name)
  }

  vote(): Vote {
    return this.#vote
  }

  /** Who has not voted yet decides here and now: the coordinator cannot commit without it. */
  #answer(): Decision {
    const { bug } = this.args
    if (this.#vote === 'none') {
      this.#decide('abort')
      return 'abort'
    }
    if (this.#vote === 'prepared') return bug === 'sure' ? 'commit' : 'uncertain'
    return this.#vote === 'commit' ? 'commit' : 'abort'
  }

  #decide(vote: 'commit' | 'abort'): void {
    this.#vote = vote
  }

  #wait(): void {
    this.after(PARTICIPANT_MS, () => this.selfAs(Participant).tell.heardNothing())
  }

  #peer(on: string): ActorRef<Participant> {
    return this.node.lookup(Participant, 'participant', { on })
  }

  get #coordinator(): ActorRef<Coordinator> {
    return this.node.lookup(Coordinator, 'coordinator', { on: 'n1' })
  }
}

@actor('protocols/ctp/coordinator')
export class Coordinator extends Actor<Args> {
  #phase: 'idle' | 'preparing' | 'committing' | 'aborting' = 'idle'
  #ballot: Ballot | undefined

  /** Answers `ok` once all have voted for it; else refuses. */
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
    this.#phase = 'committing'
    this.#ballot?.accept()
    for (const one of this.#participants()) one.tell.commit()
  }

  /** Nobody waits for it: the outcome is sent once. */
  committed(_by: string): void {}

  /** Likewise. */
  aborted(_by: string): void {}

  timedOut(): void {
    if (this.#phase !== 'preparing') return
    this.#phase = 'aborting'
    this.#ballot?.refuse('not all have voted')
    for (const one of this.#participants()) one.tell.abort()
  }

  #participants(): ActorRef<Participant>[] {
    return this.args.participants.map((on) => this.node.lookup(Participant, 'participant', { on }))
  }
}

/** With so many participants, the first beside the coordinator. */
export const cooperativeTermination = (
  participants = 4,
  options: CooperativeTerminationOptions = {},
) =>
  commitScenario({
    name: 'ctp',
    participants,
    options,
    participant: Participant,
    coordinator: Coordinator,
  })

export default cooperativeTermination()

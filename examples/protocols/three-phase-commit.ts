/**
 * Three-phase commit, as actors: between vote and outcome all learn that all have voted for it, so that those who
 * hear nothing can end it by themselves. Its known flaw: a timeout is no proof. A message that is lost, or a
 * coordinator that stops between two messages, leaves some on either side. Participants that ask each other first
 * survive any one crash or loss.
 */
import { Actor, type ActorRef, actor, Refusal, type Reply } from 'troupe'
import { commitScenario, type Vote } from './agreement.js'

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

interface Args extends ThreePhaseCommitOptions {
  readonly participants: readonly string[]
}

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
  readonly #prepared = new Set<string>()
  readonly #precommitted = new Set<string>()
  readonly #acknowledged = new Set<string>()
  #caller: Reply<string> | undefined

  /** Answers `ok` once all know that all have voted for it; else refuses. */
  begin(value: number): Reply<string> {
    this.#phase = 'preparing'
    this.#caller = this.deferReply<string>()
    for (const one of this.#participants()) one.tell.prepare(value)
    this.after(COORDINATOR_MS, () => this.selfAs(Coordinator).tell.timedOut())
    return this.#caller
  }

  prepared(by: string): void {
    if (this.#phase !== 'preparing') return
    this.#prepared.add(by)
    if (this.#prepared.size < this.args.participants.length) return
    this.#phase = 'authorised'
    if (this.args.bug === 'hasty') this.#caller?.resolve('ok')
    if (this.args.bug === 'skip') this.#commit()
    else for (const one of this.#participants()) one.tell.precommit()
  }

  precommitted(by: string): void {
    if (this.#phase !== 'authorised') return
    this.#precommitted.add(by)
    if (this.#precommitted.size >= this.args.participants.length) this.#commit()
  }

  committed(by: string): void {
    this.#acknowledged.add(by)
  }

  aborted(by: string): void {
    this.#acknowledged.add(by)
  }

  timedOut(): void {
    if (this.#phase !== 'preparing' && this.#phase !== 'authorised') return
    this.#phase = 'aborting'
    this.#caller?.reject(new Refusal('ABORTED', 'not all have answered'))
    for (const one of this.#participants()) one.tell.abort()
  }

  #commit(): void {
    this.#phase = 'finalising'
    this.#caller?.resolve('ok')
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
    start(node, { nodes }) {
      const args = { ...options, participants: nodes }
      node.spawn(Participant, args, { name: 'participant' })
      if (node.name === 'n1') node.spawn(Coordinator, args, { name: 'coordinator' })
    },
    begin: (node, value: number) =>
      node
        .lookup(Coordinator, 'coordinator', { on: 'n1' })
        .with({ timeoutMs: 20_000 })
        .ask.begin(value),
    vote: (node) => node.lookup(Participant, 'participant', { on: node.name }).ask.vote(),
  })

export default threePhaseCommit()

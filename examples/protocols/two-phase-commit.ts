/**
 * Two-phase commit, as actors: a coordinator, and a participant on every node. One transaction: all vote,
 * then all are told. Its known flaw: the outcome is sent once, and a message can be lost.
 */
import { Actor, type ActorRef, actor, Refusal, type Reply } from 'troupe'
import { commitScenario, type Vote } from './agreement.js'

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

@actor('protocols/2pc/participant')
export class Participant extends Actor<TwoPhaseCommitOptions> {
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

interface CoordinatorArgs extends TwoPhaseCommitOptions {
  readonly participants: readonly string[]
}

@actor('protocols/2pc/coordinator')
export class Coordinator extends Actor<CoordinatorArgs> {
  #phase: 'idle' | 'preparing' | 'committing' | 'aborting' = 'idle'
  readonly #prepared = new Set<string>()
  readonly #acknowledged = new Set<string>()
  #caller: Reply<string> | undefined

  /** Answers `ok` once all have voted for it; else refuses. */
  begin(value: number): Reply<string> {
    this.#phase = 'preparing'
    this.#caller = this.deferReply<string>()
    for (const one of this.#participants()) one.tell.prepare(value)
    this.after(TIMEOUT_MS, () => this.selfAs(Coordinator).tell.timedOut())
    return this.#caller
  }

  prepared(by: string): void {
    const { bug } = this.args
    if (this.#phase !== 'preparing' && !(bug === 'late votes' && this.#phase === 'aborting')) return
    this.#prepared.add(by)
    if (bug === 'hasty') this.#caller?.resolve('ok')
    if (this.#prepared.size < this.args.participants.length) return
    this.#phase = 'committing'
    this.#caller?.resolve('ok')
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
    this.#caller?.reject(new Refusal('ABORTED', 'not all have voted'))
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
    start(node, { nodes }) {
      node.spawn(Participant, options, { name: 'participant' })
      if (node.name === 'n1') {
        node.spawn(Coordinator, { ...options, participants: nodes }, { name: 'coordinator' })
      }
    },
    begin: (node, value: number) =>
      node
        .lookup(Coordinator, 'coordinator', { on: 'n1' })
        .with({ timeoutMs: 20_000 })
        .ask.begin(value),
    vote: (node) => node.lookup(Participant, 'participant', { on: node.name }).ask.vote(),
  })

export default twoPhaseCommit()

/**
 * Two-phase commit, as actors: a coordinator, and a participant on every node. One transaction: all vote,
 * then all are told. Its known flaw: the outcome is sent once, and a message can be lost.
 */
import { Actor, type ActorRef, actor, Refusal, type Reply } from 'troupe'
import { commitScenario, type Vote } from './agreement.js'

const TIMEOUT_MS = 1_000

@actor('protocols/2pc/participant')
export class Participant extends Actor {
  state: Vote = 'none'
  value: number | undefined

  prepare(value: number): void {
    if (this.state !== 'none') return
    this.state = 'prepared'
    this.value = value
    this.#coordinator.tell.prepared(this.node.name)
  }

  commit(): void {
    this.state = 'commit'
    this.#coordinator.tell.committed(this.node.name)
  }

  abort(): void {
    this.state = 'abort'
    this.#coordinator.tell.aborted(this.node.name)
  }

  get #coordinator(): ActorRef<Coordinator> {
    return this.node.lookup(Coordinator, 'coordinator', { on: 'n1' })
  }
}

@actor('protocols/2pc/coordinator')
export class Coordinator extends Actor<{ readonly participants: readonly string[] }> {
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
    if (this.#phase !== 'preparing') return
    this.#prepared.add(by)
    if (this.#prepared.size < this.args.participants.length) return
    this.#phase = 'committing'
    this.#caller?.resolve('ok')
    for (const one of this.#participants()) one.tell.commit()
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
    for (const one of this.#participants()) one.tell.abort()
  }

  #participants(): ActorRef<Participant>[] {
    return this.args.participants.map((on) => this.node.lookup(Participant, 'participant', { on }))
  }
}

/** With so many participants, the first beside the coordinator. */
export const twoPhaseCommit = (participants = 4) =>
  commitScenario({
    name: '2pc',
    participants,
    start(node, { nodes }) {
      node.spawn(Participant, undefined, { name: 'participant' })
      if (node.name === 'n1') {
        node.spawn(Coordinator, { participants: nodes }, { name: 'coordinator' })
      }
    },
    begin: (node, value: number) =>
      node
        .lookup(Coordinator, 'coordinator', { on: 'n1' })
        .with({ timeoutMs: 20_000 })
        .ask.begin(value),
    votes: (view) => view.actors(Participant).map(({ actor }) => actor.state),
  })

export default twoPhaseCommit()

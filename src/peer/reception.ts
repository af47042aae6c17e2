import { TroupeError } from '../base/errors.js'
import type { Member } from '../overlay/overlay.js'
import type { Address, Connection, Listener, TlsOptions } from '../world/network.js'
import { arbitrate, isOlder } from './arbitration.js'
import { greetingOf } from './dial.js'
import { Greeter, type GreeterHost } from './greeter.js'
import { type Greeting, INTENT, OUTCOME, type Outcome, type Purpose } from './greeting.js'
import type { PeerContext } from './peer-context.js'
import type { Roster } from './roster.js'

/** Where others come in: strangers until they have proven themselves, then peers, or turned away. */
export class Reception implements GreeterHost {
  readonly #context: PeerContext
  readonly #roster: Roster
  readonly #strangers = new Set<Greeter>()
  readonly #refused = new Map<string, number>()
  #listener: Listener | undefined
  #closed = false

  constructor(context: PeerContext, roster: Roster) {
    this.#context = context
    this.#roster = roster
  }

  /** How often somebody was turned away, by code. */
  get refused(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#refused)
  }

  /** Says where others can dial this node. @throws TroupeError ERR_ADDRESS_IN_USE, ERR_BAD_ADDRESS */
  async open(at: Address, tls: TlsOptions | undefined): Promise<readonly Address[]> {
    const accept = (connection: Connection): void => this.#accept(connection)
    this.#listener = await this.#context.world.network.listen(at, accept, tls, (remote, error) =>
      this.turnAway(remote, error),
    )
    if (this.#closed) await this.#listener.close()
    return this.#listener.addresses
  }

  /** Nobody comes in any more; strangers are sent away. */
  async close(): Promise<void> {
    this.#closed = true
    for (const stranger of [...this.#strangers]) stranger.cancel()
    this.#strangers.clear()
    await this.#listener?.close()
  }

  /** Counts and tells. */
  turnAway(remote: string, error: TroupeError): void {
    this.#refused.set(error.code, (this.#refused.get(error.code) ?? 0) + 1)
    this.#context.sink.refused(remote, error)
  }

  challenged(): void {}

  ended(): void {}

  failed(greeter: Greeter, error: TroupeError): void {
    this.#strangers.delete(greeter)
    this.turnAway(greeter.remote, error)
  }

  proven(greeter: Greeter, greeting: Greeting, purpose: Purpose): void {
    const error = this.#closed ? this.#stopped() : this.#roster.unfit(greeting)
    if (error !== undefined) {
      greeter.refuse(error)
      return
    }
    if (purpose.intent === INTENT.WHO) {
      this.#close(greeter, OUTCOME.DUPLICATE)
      return
    }
    if (purpose.intent === INTENT.LANE) {
      this.#onLane(greeter, greeting, purpose)
      return
    }
    const holder = this.#roster.holder(greeting.member)
    if (holder === undefined) {
      this.#onSession(greeter, greeting)
      return
    }
    if (isOlder(greeting.member, holder.member)) {
      this.#replaced(greeter, greeting.member, holder.member)
      return
    }
    this.#roster.contest(greeting.member, holder).then(
      (refusal) => {
        if (greeter.over) return
        if (refusal !== undefined) greeter.refuse(refusal)
        else this.proven(greeter, greeting, this.#makeWay(greeting, purpose))
      },
      (cause: unknown) => {
        const detail = `nobody could say who holds the name ${greeting.member.name}`
        greeter.refuse(new TroupeError('ERR_NAME_TAKEN', detail, { cause }))
      },
    )
  }

  #makeWay(greeting: Greeting, purpose: Purpose): Purpose {
    if (this.#roster.holder(greeting.member) !== undefined) this.#roster.adopt(greeting.member)
    return purpose
  }

  #accept(connection: Connection): void {
    const { options, connections } = this.#context
    if (this.#closed || connections.size >= options.maxConnections) {
      const { remote } = connection
      connection.attach({ onData() {}, onDrain() {}, onClose() {} })
      connection.destroy()
      const error = this.#closed
        ? this.#stopped()
        : new TroupeError('ERR_TOO_MANY_CONNECTIONS', `maxConnections is ${options.maxConnections}`)
      this.turnAway(remote, error)
      return
    }
    if (this.#strangers.size >= options.maxUnauthenticated) this.#makeRoom()
    const ms = options.handshakeTimeoutMs
    this.#strangers.add(new Greeter(this.#context, connection, this, 'acceptor', '', ms))
  }

  /** A real peer is a stranger for milliseconds: the one that has been here longest goes. */
  #makeRoom(): void {
    for (const oldest of this.#strangers) {
      this.#strangers.delete(oldest)
      oldest.cancel()
      const detail = `maxUnauthenticated is ${this.#context.options.maxUnauthenticated}`
      this.turnAway(oldest.remote, new TroupeError('ERR_TOO_MANY_CONNECTIONS', detail))
      return
    }
  }

  #stopped(): TroupeError {
    return new TroupeError('ERR_NODE_STOPPED', `${this.#context.self.name} is stopping`)
  }

  #onSession(greeter: Greeter, greeting: Greeting): void {
    const { self } = this.#context
    const { member, clock } = greeting
    const session = this.#roster.get(member.name)?.session
    const outcome = arbitrate(
      {
        sessionClock: session?.peerClock,
        proving: this.#roster.proving.has(member.incarnation),
        smaller: self.name < member.name,
      },
      clock,
    )
    if (outcome !== OUTCOME.OPEN) {
      this.#close(greeter, outcome)
      return
    }
    this.#welcome(greeter)
    const peer = this.#roster.adopt(member)
    const start = { id: clock, dialled: undefined, peerClock: clock }
    peer.open(greeter.stream, greeting, start, clock)
    this.#roster.proving.get(member.incarnation)?.giveWay(member)
  }

  #onLane(greeter: Greeter, greeting: Greeting, purpose: Purpose): void {
    const peer = this.#roster.incarnation(greeting.member.incarnation)
    const session = peer?.session
    if (peer === undefined || session === undefined || session.dialled !== undefined) {
      this.#close(greeter, OUTCOME.GONE)
      return
    }
    if (session.id !== purpose.session) {
      this.#close(greeter, OUTCOME.GONE)
      return
    }
    const lane = peer.findLane(purpose.channel, purpose.lane)
    if (lane === undefined) {
      const detail = `channel ${purpose.channel} has no lane ${purpose.lane}`
      greeter.refuse(new TroupeError('ERR_HANDSHAKE', detail))
      return
    }
    if (greeting.clock <= lane.clock) {
      this.#close(greeter, OUTCOME.DUPLICATE)
      return
    }
    this.#welcome(greeter)
    peer.laneUp(lane, greeter.stream, greeting.clock)
  }

  /** In an answer that proves who gives it, for a node is to act upon it. */
  #replaced(greeter: Greeter, { name, incarnation }: Member, holder: Member): void {
    const detail = `${name}/${incarnation} was replaced by incarnation ${holder.incarnation}`
    this.#close(greeter, OUTCOME.REPLACED, holder.incarnation)
    this.turnAway(greeter.remote, new TroupeError('ERR_NAME_TAKEN', detail))
  }

  #welcome(greeter: Greeter): void {
    this.#strangers.delete(greeter)
    greeter.answer(OUTCOME.OPEN, greetingOf(this.#context, this.#context.nextClock()))
  }

  #close(greeter: Greeter, outcome: Exclude<Outcome, typeof OUTCOME.OPEN>, holder = ''): void {
    this.#strangers.delete(greeter)
    greeter.answer(outcome, greetingOf(this.#context, this.#context.nextClock()), holder)
  }
}

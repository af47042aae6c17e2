import { TroupeError } from '../base/errors.js'
import type { Member } from '../overlay/overlay.js'
import type { Address } from '../world/network.js'
import { isOlder } from './arbitration.js'
import { Dial, type DialHost } from './dial.js'
import type { Greeter } from './greeter.js'
import {
  type Greeting,
  OPEN_SESSION,
  OUTCOME,
  type Outcome,
  type Purpose,
  WHO_IS_THERE,
} from './greeting.js'
import type { PeerContext } from './peer-context.js'
import type { Attempt } from './redial.js'
import type { Roster } from './roster.js'

export interface SessionDialHost {
  /** A session with this member was opened, stands already, or is being opened from the other side. */
  reached(member: Member): void
  failed(error: TroupeError): void
}

/** One attempt to open a session with whoever is at an address. */
export class SessionDial implements DialHost, Attempt {
  readonly #context: PeerContext
  readonly #roster: Roster
  readonly #expected: string
  readonly #host: SessionDialHost
  readonly #timeoutMs: number
  #dial: Dial
  #proving: string | undefined
  #over = false

  /** `expected` is the name that should be there, '' for anybody. */
  constructor(
    context: PeerContext,
    roster: Roster,
    address: Address,
    expected: string,
    host: SessionDialHost,
    timeoutMs = Number.POSITIVE_INFINITY,
  ) {
    this.#context = context
    this.#roster = roster
    this.#expected = expected
    this.#host = host
    this.#timeoutMs = timeoutMs
    this.#dial = new Dial(context, address, expected, this, timeoutMs)
  }

  cancel(): void {
    this.#finish()
    this.#dial.cancel()
  }

  /** The peer's own attempt goes before this one. */
  giveWay(member: Member): void {
    if (this.#over) return
    this.#dial.cancel()
    this.#reached(member)
  }

  purpose(_dial: Dial, incarnation: string): Purpose | undefined {
    const connected = this.#roster.incarnation(incarnation)?.session !== undefined
    if (connected || this.#roster.proving.has(incarnation)) return WHO_IS_THERE
    this.#proving = incarnation
    this.#roster.proving.set(incarnation, this)
    return OPEN_SESSION
  }

  ended(dial: Dial, outcome: Outcome, greeting: Greeting, greeter: Greeter, newer: string): void {
    this.#settleProof()
    if (this.#over) {
      greeter.stream.close()
      return
    }
    const { member } = greeting
    const error = this.#unwanted(greeting)
    if (error !== undefined) {
      greeter.stream.close()
      this.failed(dial, error)
      return
    }
    if (outcome === OUTCOME.REPLACED) {
      this.#replaced(member, newer)
      return
    }
    if (outcome !== OUTCOME.OPEN) {
      this.#reached(member)
      return
    }
    const holder = this.#roster.holder(member)
    if (holder?.session !== undefined) {
      greeter.stream.close()
      this.#contest(member, holder.name)
      return
    }
    this.#finish()
    const peer = this.#roster.adopt(member)
    const start = { id: dial.clock, dialled: dial.address, peerClock: greeting.clock }
    peer.open(greeter.stream, greeting, start, dial.clock)
    this.#host.reached(member)
  }

  failed(_dial: Dial, error: TroupeError): void {
    this.#settleProof()
    if (this.#over) return
    this.#finish()
    this.#host.failed(error)
  }

  #unwanted(greeting: Greeting): TroupeError | undefined {
    const { name, incarnation } = greeting.member
    if (this.#expected !== '' && name !== this.#expected) {
      return new TroupeError('ERR_HANDSHAKE', `${this.#expected} was expected, ${name} is there`)
    }
    const holder = this.#roster.holder(greeting.member)
    if (holder !== undefined && isOlder(greeting.member, holder.member)) {
      const detail = `${name} is known as ${holder.incarnation}, the older ${incarnation} is there`
      return new TroupeError('ERR_NAME_TAKEN', detail)
    }
    return this.#roster.unfit(greeting)
  }

  /** Only a peer that this node wishes to have tells news; at an address anybody may be. */
  #replaced(teller: Member, newer: string): void {
    const { self, sink } = this.#context
    const detail = `node ${self.name} was replaced by incarnation ${newer}, says ${teller.name}`
    const error = new TroupeError('ERR_NAME_TAKEN', detail)
    this.failed(this.#dial, error)
    if (this.#expected !== '') sink.replaced(teller, error)
  }

  /** Another incarnation is connected under that name: if it has to go, we dial once more. */
  #contest(newcomer: Member, name: string): void {
    const holder = this.#roster.get(name)
    if (holder === undefined) {
      this.#again()
      return
    }
    this.#roster.contest(newcomer, holder).then(
      (refusal) => {
        if (this.#over) return
        if (refusal !== undefined) return this.failed(this.#dial, refusal)
        this.#roster.adopt(newcomer)
        this.#again()
      },
      (cause: unknown) => {
        const detail = `nobody could say who holds the name ${name}`
        this.failed(this.#dial, new TroupeError('ERR_NAME_TAKEN', detail, { cause }))
      },
    )
  }

  #again(): void {
    const { address } = this.#dial
    this.#dial = new Dial(this.#context, address, this.#expected, this, this.#timeoutMs)
  }

  #reached(member: Member): void {
    this.#finish()
    this.#host.reached(member)
  }

  #finish(): void {
    this.#over = true
    this.#settleProof()
  }

  #settleProof(): void {
    const incarnation = this.#proving
    this.#proving = undefined
    if (incarnation === undefined || this.#roster.proving.get(incarnation) !== this) return
    this.#roster.proving.delete(incarnation)
  }
}

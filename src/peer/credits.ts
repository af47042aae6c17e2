import { TroupeError } from '../base/errors.js'
import type { Codec } from '../wire/codec.js'
import { FRAME } from '../wire/frame.js'
import { isCount } from './greeting.js'
import type { Lane } from './lane.js'

export interface CreditsHost {
  /** The peer's name. */
  readonly name: string
  lanes(): readonly Lane[]
  membership(): Lane
}

/** Numbers of one grant: the connection by its clock, messages, bytes. */
const GRANT = 3

/**
 * What two nodes tell each other about the credit of their lanes, over the membership lane: grants, as
 * `[clock, messages, bytes]` one behind the other, and the clocks of connections whose sender waits and
 * asks what it was granted. A grant may be lost: whoever waits asks with every heartbeat.
 */
export class Credits {
  readonly #codec: Codec
  readonly #host: CreditsHost

  constructor(codec: Codec, host: CreditsHost) {
    this.#codec = codec
    this.#host = host
  }

  grant(lane: Lane): void {
    const { messages, bytes } = lane.granted
    this.#say([lane.clock, messages, bytes], [])
  }

  /** Asks for what was granted where messages wait for it. */
  ask(): void {
    const waiting: number[] = []
    for (const lane of this.#host.lanes()) {
      if (lane.connected && lane.heldMessages > 0) waiting.push(lane.clock)
    }
    if (waiting.length > 0) this.#say([], waiting)
  }

  /** A CREDIT frame. What is said of another connection is late, and tells nothing. @throws TroupeError ERR_DECODE, ERR_BAD_FRAME */
  received(body: Uint8Array): void {
    const fields = this.#codec.decodeValue(body)
    const [grants, asked] = Array.isArray(fields) ? fields : []
    if (!isCounts(grants) || grants.length % GRANT !== 0 || !isCounts(asked)) throw this.#bad()
    const lanes = this.#host.lanes()
    for (let i = 0; i < grants.length; i += GRANT) {
      const [clock, messages, bytes] = grants.slice(i, i + GRANT) as [number, number, number]
      const lane = lanes.find((each) => each.connected && each.clock === clock)
      if (lane?.grant(messages, bytes) === false) throw this.#bad()
    }
    if (asked.length === 0) return
    const answer: number[] = []
    for (const lane of lanes) {
      if (!lane.connected || !asked.includes(lane.clock)) continue
      const { messages, bytes } = lane.granted
      answer.push(lane.clock, messages, bytes)
    }
    if (answer.length > 0) this.#say(answer, [])
  }

  #say(grants: readonly number[], asked: readonly number[]): void {
    this.#host.membership().writeNow(FRAME.CREDIT, this.#codec.encodeValue([grants, asked]))
  }

  #bad(): TroupeError {
    return new TroupeError('ERR_BAD_FRAME', `${this.#host.name} tells of credit there cannot be`)
  }
}

const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount)

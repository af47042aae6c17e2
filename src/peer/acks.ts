import { TroupeError } from '../base/errors.js'
import { FRAME } from '../wire/frame.js'
import type { Turn } from '../world/turn.js'
import type { Lane } from './lane.js'
import type { PeerWindow } from './peer-window.js'

export interface AcksHost {
  readonly window: PeerWindow
  lanes(): readonly Lane[]
  membership(): Lane
}

/** The body of an ACK frame: the lane by its clock, and the fragments of it, both modulo 2^32, little endian. */
const BYTES = 8

/**
 * What two nodes tell each other about fragments that came in, over the membership lane: the peer's window
 * moves by it. Heartbeats say it again, since an acknowledgement may be lost to a fault.
 */
export class Acks {
  readonly #turn: Turn
  readonly #host: AcksHost
  /** Lanes of a near peer with news that it has not heard. */
  readonly #due = new Set<Lane>()
  readonly #tellAll = (): void => {
    const lanes = [...this.#due]
    this.#due.clear()
    for (const lane of lanes) if (lane.connected) this.#tell(lane)
  }
  /** The lane that was acknowledged last. */
  #last: Lane | undefined

  constructor(turn: Turn, host: AcksHost) {
    this.#turn = turn
    this.#host = host
  }

  /**
   * Fragments came in over a lane. A distant peer hears of each at once, since it steers by how long that
   * takes; a near one of all that came in a turn together: telling wakes both sides up, which takes them
   * longer than the way does.
   */
  took(lane: Lane): void {
    if (!this.#host.window.near) {
      this.#tell(lane)
      return
    }
    if (this.#due.size === 0) this.#turn.immediate(this.#tellAll)
    this.#due.add(lane)
  }

  /** An ACK frame. @throws TroupeError ERR_BAD_FRAME */
  received(body: Buffer): void {
    if (body.length !== BYTES) {
      throw new TroupeError('ERR_BAD_FRAME', `an acknowledgement has ${body.length} bytes`)
    }
    this.arrived(body.readUInt32LE(0), body.readUInt32LE(4))
  }

  /** The peer has so many fragments of the lane with that clock, both modulo 2^32. @throws TroupeError ERR_BAD_FRAME */
  arrived(clock: number, fragments: number): void {
    let lane = this.#last
    if (lane === undefined || !lane.connected || lane.clock >>> 0 !== clock) {
      lane = this.#host.lanes().find((each) => each.connected && each.clock >>> 0 === clock)
    }
    if (lane === undefined) return // of a connection that is gone
    this.#last = lane
    lane.acked(fragments)
  }

  /** The session is over: there is nothing left to tell. */
  stop(): void {
    this.#due.clear()
  }

  #tell(lane: Lane): void {
    const body = Buffer.allocUnsafe(BYTES)
    body.writeUInt32LE(lane.clock >>> 0, 0)
    body.writeUInt32LE(lane.fragments >>> 0, 4)
    this.#host.membership().writeNow(FRAME.ACK, body)
  }
}

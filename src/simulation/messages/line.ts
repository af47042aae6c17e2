import { RingQueue } from '../../base/ring-queue.js'
import type { Way } from '../links.js'
import type { Flight } from './flight.js'

/** What is under way on one lane from one node to another: first in, first out. */
export class FlightLane {
  readonly line: Line
  /** Channel and number; '' where it is for one message. */
  readonly key: string
  readonly flights = new RingQueue<Flight>()

  constructor(line: Line, key: string) {
    this.line = line
    this.key = key
  }
}

/** All that is under way from one node to another. */
export class Line {
  readonly from: string
  readonly to: string
  readonly way: Way
  readonly #lanes = new Map<string, FlightLane>()

  constructor(from: string, to: string, way: Way) {
    this.from = from
    this.to = to
    this.way = way
  }

  lane(channel: string, lane: number): FlightLane {
    return this.#at(`${channel}/${lane}`)
  }

  /** A lane for one message that others may overtake. */
  ownLane(): FlightLane {
    return new FlightLane(this, '')
  }

  /** Takes out everything that is under way on its lanes. */
  clear(): Flight[] {
    const lost: Flight[] = []
    for (const { flights } of this.#lanes.values()) {
      for (let flight = flights.shift(); flight !== undefined; flight = flights.shift()) {
        lost.push(flight)
      }
    }
    return lost
  }

  get empty(): boolean {
    for (const { flights } of this.#lanes.values()) if (flights.size > 0) return false
    return true
  }

  #at(key: string): FlightLane {
    let lane = this.#lanes.get(key)
    if (lane === undefined) {
      lane = new FlightLane(this, key)
      this.#lanes.set(key, lane)
    }
    return lane
  }
}

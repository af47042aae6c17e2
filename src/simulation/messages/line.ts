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
  /** `n1>n2` */
  readonly name: string
  readonly #lanes = new Map<string, FlightLane[]>()

  constructor(from: string, to: string, way: Way) {
    this.from = from
    this.to = to
    this.way = way
    this.name = `${from}>${to}`
  }

  lane(channel: string, lane: number): FlightLane {
    let lanes = this.#lanes.get(channel)
    if (lanes === undefined) {
      lanes = []
      this.#lanes.set(channel, lanes)
    }
    let found = lanes[lane]
    if (found === undefined) {
      found = new FlightLane(this, `${channel}/${lane}`)
      lanes[lane] = found
    }
    return found
  }

  /** A lane for one message that others may overtake. */
  ownLane(): FlightLane {
    return new FlightLane(this, '')
  }

  /** Takes out everything that is under way on its lanes. */
  clear(): Flight[] {
    const lost: Flight[] = []
    for (const { flights } of this.#all()) {
      for (let flight = flights.shift(); flight !== undefined; flight = flights.shift()) {
        lost.push(flight)
      }
    }
    return lost
  }

  get empty(): boolean {
    for (const { flights } of this.#all()) if (flights.size > 0) return false
    return true
  }

  *#all(): Iterable<FlightLane> {
    for (const lanes of this.#lanes.values()) yield* lanes.filter((lane) => lane !== undefined)
  }
}

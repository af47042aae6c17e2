import type { Candidate } from '../choices.js'
import type { Flight } from './flight.js'
import type { FlightLane } from './line.js'

/** Time goes on while messages are under way. */
export const TIME: Candidate = { label: 'time', from: '', to: '', actor: '', lane: '', cause: 0 }

/** Rises with the time at which its first message was sent. */
export const serialOf = (lane: FlightLane): number => (lane.flights.peek() as Flight).serial

/** The first message of a lane, as sources of choices see it. */
export function candidateOf({ line, key, flights }: FlightLane): Candidate {
  const { label, actor, cause } = flights.peek() as Flight
  const { from, to, name } = line
  return { label, from, to, actor, lane: `${name}/${key}`, cause }
}

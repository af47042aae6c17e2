/** What all overlays of one-sided views tell each other; their own kinds of message begin at 10. */
export const GONE = 1
/** "You, of this incarnation, are no member any more": somebody's user removed you. */
export const EXPEL = 2
/** "Are you there?" to a member that was given up. */
export const PROBE = 3
export const ALIVE = 4
/** "These I have lost": to a newcomer, or they would be forgotten with the nodes that lost them. */
export const LOST = 5

/** The number in front of a body; 0 where there is none. */
export const kindOf = (body: unknown): number =>
  Array.isArray(body) && typeof body[0] === 'number' ? body[0] : 0

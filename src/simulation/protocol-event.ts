/** What can be due in a protocol network. Those from `MESSAGE` to `ROUND_TRIP` belong to a connection. */
export const DUE = {
  /** A message of an overlay. */
  MESSAGE: 1,
  /** Something of the layer. */
  CARRIED: 2,
  DIALLED: 3,
  REDIAL: 4,
  /** The connection is gone. */
  DOWN: 5,
  LOAN_END: 6,
  /** The other side does not want the connection any more. */
  RELEASED: 7,
  ROUND_TRIP: 8,
  TIMER: 9,
  NODE_DOWN: 10,
  /** Somebody may answer at an address. */
  ADDRESS: 11,
  /** The contact of a join may answer. */
  JOIN: 12,
  CALL: 13,
} as const

/**
 * The one error class of troupe and the closed table of its codes. Match on `code`: it survives the
 * wire and two copies of the package, `instanceof` does not. `docs/errors.md` says the same in prose
 * and a test holds both equal.
 */
export const CODES = {
  // options and use
  ERR_BAD_OPTION: {
    retryable: false,
    meaning: 'An option is unknown or its value breaks its rule.',
  },
  ERR_BAD_ADDRESS: {
    retryable: false,
    meaning: 'Not an address of the form host:port, or none that this machine can listen on.',
  },
  ERR_BAD_REF: { retryable: false, meaning: 'A text or value is not a reference to an actor.' },
  ERR_BAD_DEFINITION: {
    retryable: false,
    meaning: 'An actor class is declared wrongly: no name, a name taken, or a misplaced decorator.',
  },
  ERR_BAD_FAULT: {
    retryable: false,
    meaning: 'A fault is malformed, names a node that is not there, or cannot be done there.',
  },
  ERR_BAD_SCENARIO: {
    retryable: false,
    meaning: 'A scenario is malformed, or its own code threw while the simulated cluster started.',
  },
  ERR_BAD_TRACE: {
    retryable: false,
    meaning: 'A trace is of another version, damaged, cut short, or of another scenario.',
  },
  ERR_BAD_COUNTEREXAMPLE: {
    retryable: false,
    meaning:
      'A counterexample file has a line that is not of its grammar, or is of another scenario.',
  },
  ERR_BAD_HISTORY: {
    retryable: false,
    meaning:
      'A history is cut short, contradicts itself, or has what its model does not know; the message holds the line.',
  },
  ERR_BAD_MODEL: {
    retryable: false,
    meaning:
      'A model test contradicts itself: the same step gives different models or changes one in place, or a command gives what it must not.',
  },
  ERR_REPLAY: { retryable: false, meaning: 'A replayed run went another way than its trace.' },
  ERR_ADDRESS_IN_USE: { retryable: true, meaning: 'Another program listens on that address.' },
  ERR_STORE: { retryable: true, meaning: 'The store failed to read or write.' },
  ERR_PACKAGE_MISSING: {
    retryable: false,
    meaning: 'An optional package is not installed; the message says how to install it.',
  },
  // actors
  ERR_STOPPED: {
    retryable: false,
    meaning: 'The actor has ended, or an ended incarnation used its context.',
  },
  ERR_NO_ACTOR: { retryable: false, meaning: 'No actor with that identity or name is there.' },
  ERR_RESTARTED: {
    retryable: true,
    meaning: 'The actor was restarted together with a sibling before it handled the call.',
  },
  ERR_CRASHED: { retryable: false, meaning: 'The actor crashed while it handled the call.' },
  ERR_KILLED: { retryable: false, meaning: 'The actor was killed while it handled the call.' },
  ERR_NAME_IN_USE: {
    retryable: false,
    meaning: 'Another actor on the node is registered by that name.',
  },
  ERR_MAILBOX_FULL: {
    retryable: true,
    meaning: 'The mailbox holds mailboxLimit messages; nothing was queued.',
  },
  ERR_STASH_FULL: { retryable: true, meaning: 'The stash holds stashLimit messages.' },
  ERR_NOT_IN_MESSAGE: {
    retryable: false,
    meaning: 'Something that belongs to a message (stash, delegate) was used outside of one.',
  },
  ERR_NOT_SPAWNED: {
    retryable: false,
    meaning: 'An actor class was constructed with `new`; only `spawn` makes actors.',
  },
  ERR_UNKNOWN_METHOD: { retryable: false, meaning: 'The actor has no such public method.' },
  ERR_BAD_ARGUMENTS: {
    retryable: false,
    meaning: "The arguments failed the method's schema, or give no partition key.",
  },
  ERR_KEY_NEEDED: {
    retryable: false,
    meaning:
      'The method takes its partition key from its arguments and the caller has only the type: pass partitionKey.',
  },
  ERR_START_FAILED: { retryable: true, meaning: 'onStart or the constructor of an actor threw.' },
  // asks
  ERR_ASK_TIMEOUT: {
    retryable: false,
    meaning: 'No reply came before the deadline. The call may have run.',
  },
  ERR_ABORTED: {
    retryable: false,
    meaning: "The caller's signal aborted the call. It may have run.",
  },
  ERR_NODE_DOWN: {
    retryable: false,
    meaning:
      'The node is down, or went down before it answered. A call that was sent may have run.',
  },
  ERR_REMOTE: {
    retryable: false,
    meaning: 'A remote method threw an error that carries no code of its own.',
  },
  // supervision
  ERR_CHILD_EXISTS: { retryable: false, meaning: 'A child with that id is there already.' },
  ERR_TOO_MANY_CHILDREN: {
    retryable: true,
    meaning: 'The supervisor has maxChildren children; none was started.',
  },
  ERR_TOO_MANY_BONDS: {
    retryable: true,
    meaning: 'The node holds as many watches or links of that peer as it allows.',
  },
  ERR_NO_CHILD: { retryable: false, meaning: 'The supervisor has no child with that id.' },
  ERR_CHILD_RUNNING: { retryable: false, meaning: 'The child runs; stop it first.' },
  ERR_NOT_DYNAMIC: {
    retryable: false,
    meaning: 'That call needs a supervisor of the other kind: dynamic, or with fixed children.',
  },
  ERR_RESTART_INTENSITY: {
    retryable: false,
    meaning: 'More restarts than maxRestarts within withinMs: the supervisor gave up.',
  },
  ERR_NO_PLACE: { retryable: true, meaning: 'No node is left on which the child may be placed.' },
  // wire
  ERR_NOT_SERIALIZABLE: {
    retryable: false,
    meaning: 'A value cannot cross the wire; the message holds the path to it.',
  },
  ERR_BAD_FRAME: { retryable: false, meaning: 'Bytes from a peer are not a valid frame.' },
  ERR_TOO_LARGE: { retryable: false, meaning: 'A message is larger than maxMessageBytes.' },
  ERR_DECODE: { retryable: false, meaning: 'The arguments or the answer could not be decoded.' },
  // peers and cluster
  ERR_NAME_TAKEN: {
    retryable: false,
    meaning: 'A living node, or a newer start of the same name, holds that node name.',
  },
  ERR_COOKIE: { retryable: false, meaning: 'The peer did not prove the cookie.' },
  ERR_PROTOCOL: { retryable: false, meaning: 'The peer speaks another protocol version.' },
  ERR_OVERLAY_MISMATCH: { retryable: false, meaning: 'The peer runs another overlay.' },
  ERR_HANDSHAKE: {
    retryable: true,
    meaning: 'The peer broke off or broke the rules of the handshake.',
  },
  ERR_HANDSHAKE_TIMEOUT: {
    retryable: true,
    meaning: 'The handshake did not end in handshakeTimeoutMs.',
  },
  ERR_CONNECT: { retryable: true, meaning: 'No connection to that address could be made.' },
  ERR_CONNECTION_LOST: { retryable: true, meaning: 'The connection to the peer broke.' },
  ERR_PEER_SILENT: { retryable: true, meaning: 'Nothing came from the peer for silenceMs.' },
  ERR_TOO_MANY_CONNECTIONS: { retryable: true, meaning: 'The limit of connections is reached.' },
  ERR_JOIN_TIMEOUT: {
    retryable: true,
    meaning: 'The peer could not be used before the deadline of join.',
  },
  ERR_JOIN_SELF: { retryable: false, meaning: 'A node cannot join itself.' },
  ERR_UNKNOWN_NODE: { retryable: false, meaning: 'No member of that name is known here.' },
  ERR_NO_ROUTE: { retryable: true, meaning: 'No way to that node is known right now.' },
  ERR_LANE_FULL: {
    retryable: true,
    meaning: 'The lane holds its bound of messages or bytes; nothing was queued.',
  },
  ERR_EXPIRED: {
    retryable: false,
    meaning: 'The message was not acknowledged within `expireAfterMs`. It may have arrived.',
  },
  ERR_UNKNOWN_CHANNEL: { retryable: false, meaning: 'The node was not started with that channel.' },
  ERR_SPAWN_FORBIDDEN: {
    retryable: false,
    meaning: 'The node does not allow that class in remoteSpawn.',
  },
  ERR_UNKNOWN_CLASS: { retryable: false, meaning: 'No actor class is registered by that name.' },
  ERR_UNKNOWN_HANDLER: {
    retryable: false,
    meaning: 'The node has no handler of that name for forward.',
  },
  ERR_LEFT: { retryable: false, meaning: 'The node has left the cluster.' },
  ERR_NODE_STOPPED: { retryable: false, meaning: 'The node is stopping or has stopped.' },
  ERR_WORKER_ENDED: {
    retryable: false,
    meaning: 'A worker thread has ended; before it was ready when `startWorkers` says so.',
  },
  // simulation
  ERR_ESCAPED_WAIT: {
    retryable: false,
    meaning: 'A handler waits for something that the simulated world does not own.',
  },
  ERR_GUARDED: {
    retryable: false,
    meaning: 'Code of a simulated node used what its simulation cannot or may not repeat.',
  },
  ERR_NONDETERMINISM: {
    retryable: false,
    meaning: 'Two runs of one seed differ; the message names the first event that does.',
  },
} as const

export type ErrorCode = keyof typeof CODES

/** Everything troupe itself raises. Messages end with the code; `cause` holds what lay beneath. */
export class TroupeError extends Error {
  override readonly name: string = 'TroupeError'
  readonly code: ErrorCode
  /** True when the same call may succeed later without a change. */
  readonly retryable: boolean
  /** Plain values that belong to the error, such as the issues of a schema; they cross the wire. */
  readonly data?: unknown

  constructor(code: ErrorCode, detail: string, options?: ErrorOptions & { data?: unknown }) {
    super(`${detail} (${code})`, options)
    this.code = code
    this.retryable = CODES[code].retryable
    if (options?.data !== undefined) this.data = options.data
  }
}

/** The `code` of any thrown value, or undefined. Never throws. */
export function codeOf(error: unknown): string | undefined {
  try {
    const code = (error as { code?: unknown } | null | undefined)?.code
    return typeof code === 'string' ? code : undefined
  } catch {
    return undefined
  }
}

/** What any thrown value says, as text. Never throws: not everything that is thrown can be made a string. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown)
  } catch {
    return 'a value that has no text'
  }
}

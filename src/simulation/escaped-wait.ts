import { TroupeError } from '../base/errors.js'

/**
 * A handler waits for something that the simulated world does not own, such as a file, `fetch`, or a
 * promise nobody will settle: what comes next would depend on the machine, or never come.
 */
export class EscapedWaitError extends TroupeError {
  override readonly name = 'EscapedWaitError'
  readonly node: string
  /** The actor's ref as text. */
  readonly actor: string
  /** The method whose promise is open: `add`, `onStart` and the like. */
  readonly method: string
  /** With `debug`: where the handler was last seen. */
  readonly asyncStack: string | undefined

  constructor(node: string, actor: string, method: string, asyncStack: string | undefined) {
    const where = asyncStack === undefined ? '' : `; last seen\n${asyncStack}\n`
    super(
      'ERR_ESCAPED_WAIT',
      `${method} of ${actor} on node ${node} waits for something outside of the simulated world${where}`,
    )
    this.node = node
    this.actor = actor
    this.method = method
    this.asyncStack = asyncStack
  }
}

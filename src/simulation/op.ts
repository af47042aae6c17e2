/** A plain value: what operations take and give, so that a text can hold them. */
export type Plain =
  | undefined
  | null
  | boolean
  | number
  | string
  | readonly Plain[]
  | { readonly [key: string]: Plain }

/**
 * `ok`: it was done. `fail`: it was refused and not done. `info`: nobody knows, it may have been done
 * or may be done later. `open`: still under way at the end of the run.
 */
export type OpStatus = 'ok' | 'fail' | 'info' | 'open'

/** One operation of a client: a line of the history that checks look at. */
export interface Op {
  /** 0 for the first that was called. */
  readonly index: number
  /** Clients do one operation after another. */
  readonly client: string
  /** The node it was called on. */
  readonly node: string
  readonly name: string
  readonly args: readonly Plain[]
  /** Virtual time in microseconds. */
  readonly calledUs: number
  /** Undefined while it is open. */
  readonly returnedUs: number | undefined
  /** Its place among all calls and returns of the run: what has one time still has an order. */
  readonly callOrder: number
  /** Undefined while it is open. */
  readonly returnOrder: number | undefined
  readonly status: OpStatus
  /** What an `ok` gave. */
  readonly value: Plain
  /** Why a `fail` or an `info`. */
  readonly code: string | undefined
  readonly message: string | undefined
}

/** What a client learns of its operation. */
export type Outcome = Pick<Op, 'status' | 'value' | 'code' | 'message'>

/** All operations of a run, in the order in which they were called. */
export class History {
  readonly #ops: Op[] = []
  #order = 0

  get ops(): readonly Op[] {
    return this.#ops
  }

  /** Calls and returns so far. */
  get order(): number {
    return this.#order
  }

  /** Calls that have returned. */
  get returned(): number {
    return this.#ops.reduce((sum, op) => sum + (op.status === 'open' ? 0 : 1), 0)
  }

  call(client: string, node: string, name: string, args: readonly Plain[], atUs: number): Op {
    const op: Op = {
      index: this.#ops.length,
      client,
      node,
      name,
      args,
      calledUs: atUs,
      returnedUs: undefined,
      callOrder: this.#order++,
      returnOrder: undefined,
      status: 'open',
      value: undefined,
      code: undefined,
      message: undefined,
    }
    this.#ops.push(op)
    return op
  }

  /** @returns the operation as it stands now */
  return(index: number, outcome: Outcome, atUs: number): Op {
    const { status, value, code, message } = outcome
    const returned = { returnedUs: atUs, returnOrder: this.#order++ }
    const op = { ...(this.#ops[index] as Op), ...returned, status, value, code, message }
    this.#ops[index] = op
    return op
  }
}

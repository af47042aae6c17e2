import { CODES, type ErrorCode, TroupeError } from '../base/errors.js'
import { show } from '../base/options.js'
import { isRefusal, Refusal } from '../base/refusal.js'

/**
 * An error in flight: `[kind, name, code, message, data, cause, stack]`. Only plain values, so that
 * no codec has to be registered for it; `cause` is again a failure, or undefined.
 */
export type Failure = readonly unknown[]

const KIND = { ERROR: 0, TROUPE: 1, REFUSAL: 2, VALUE: 3 } as const

/** Causes below causes that travel; deeper ones are cut off. */
export const CAUSE_DEPTH = 4
const NAME_CHARS = 128
const TEXT_CHARS = 16 * 1024

/**
 * Any thrown value as a failure. `stacks`: send the stack along, which shows paths of this machine.
 * Never throws, and its texts can always travel.
 */
export function encodeFailure(thrown: unknown, stacks: boolean, depth = 0): Failure {
  try {
    return failureOf(thrown, stacks, depth)
  } catch {
    const message = 'an error was thrown whose fields cannot be read'
    return [KIND.ERROR, 'Error', '', message, undefined, undefined, undefined]
  }
}

function failureOf(thrown: unknown, stacks: boolean, depth: number): Failure {
  if (!(thrown instanceof Error)) {
    return [KIND.VALUE, '', '', cut(show(thrown), TEXT_CHARS), thrown, undefined, undefined]
  }
  const { cause } = thrown
  return [
    kindOf(thrown),
    cut(String(thrown.name), NAME_CHARS),
    codeText(thrown),
    cut(String(thrown.message), TEXT_CHARS),
    (thrown as { data?: unknown }).data,
    cause === undefined || depth >= CAUSE_DEPTH
      ? undefined
      : encodeFailure(cause, stacks, depth + 1),
    stacks && typeof thrown.stack === 'string' ? cut(thrown.stack, TEXT_CHARS) : undefined,
  ]
}

/** The same failure with only texts left: what is sent when `data` or a thrown value cannot travel. */
export function plainFailure(failure: Failure): Failure {
  const [kind, name, code, message, , cause, stack] = failure
  const inner = Array.isArray(cause) ? plainFailure(cause) : undefined
  if (kind === KIND.VALUE) return [KIND.ERROR, 'Error', '', message, undefined, inner, stack]
  return [kind, name, code, message, undefined, inner, stack]
}

/**
 * The error that a peer described. A TroupeError comes back as one with its code, a Refusal as a
 * Refusal, any other Error as an Error with its name and code (`ERR_REMOTE` when it had none). Never
 * throws: what is not a failure becomes ERR_DECODE.
 */
export function decodeFailure(wire: unknown, depth = 0): unknown {
  if (!isFailure(wire)) {
    return new TroupeError('ERR_DECODE', `a peer described an error as ${show(wire)}`)
  }
  const [kind, name, code, message, data, cause, stack] = wire as readonly [
    number,
    string,
    string,
    string,
    unknown,
    unknown,
    unknown,
  ]
  if (kind === KIND.VALUE) return data
  const options: ErrorOptions & { data?: unknown } = {}
  if (cause !== undefined && depth <= CAUSE_DEPTH) options.cause = decodeFailure(cause, depth + 1)
  if (data !== undefined) options.data = data
  const error = revive(kind, name, code, message, options)
  error.stack =
    typeof stack === 'string' && stack.length <= TEXT_CHARS
      ? stack
      : `${error.name}: ${error.message}\n    at a remote node`
  return error
}

function revive(
  kind: number,
  name: string,
  code: string,
  message: string,
  options: ErrorOptions & { data?: unknown },
): Error {
  if (kind === KIND.TROUPE && isCode(code)) {
    return new TroupeError(code, withoutCode(message, code), options)
  }
  if (kind === KIND.REFUSAL) {
    const refusal = new Refusal(code, message, options.data)
    if (options.cause !== undefined) refusal.cause = options.cause
    return refusal
  }
  const error = new Error(message, options) as Error & { code?: string; data?: unknown }
  define(error, 'name', name)
  error.code = code === '' ? 'ERR_REMOTE' : code
  if (options.data !== undefined) error.data = options.data
  return error
}

function isFailure(wire: unknown): wire is readonly unknown[] {
  return (
    Array.isArray(wire) &&
    wire.length === 7 &&
    Number.isInteger(wire[0]) &&
    isText(wire[1], NAME_CHARS) &&
    isText(wire[2], NAME_CHARS) &&
    isText(wire[3], TEXT_CHARS)
  )
}

function kindOf(error: Error): number {
  if (isRefusal(error)) return KIND.REFUSAL
  return error.name === 'TroupeError' && isCode(codeText(error)) ? KIND.TROUPE : KIND.ERROR
}

function codeText(error: Error): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? cut(code, NAME_CHARS) : ''
}

const isCode = (code: string): code is ErrorCode => Object.hasOwn(CODES, code)

const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.length <= most

/** Of at most so many characters, and without half surrogate pairs, which no codec takes. */
const cut = (text: string, most: number): string =>
  (text.length > most ? `${text.slice(0, most - 1)}…` : text).replace(HALF_PAIR, '\ufffd')

const HALF_PAIR = /\p{Surrogate}/gu

/** TroupeError appends its code to the message; it must not stand there twice. */
function withoutCode(message: string, code: string): string {
  const end = ` (${code})`
  return message.endsWith(end) ? message.slice(0, -end.length) : message
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, {
    value,
    configurable: true,
    writable: true,
    enumerable: false,
  })
}

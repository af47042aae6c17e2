import { TroupeError } from '../base/errors.js'

/** Where a text of faults begins; lines and columns count from 1. */
export interface TextPosition {
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

/** What a fault is not as it should be. */
export function badFault(detail: string, data?: unknown): TroupeError {
  return new TroupeError('ERR_BAD_FAULT', detail, data === undefined ? {} : { data })
}

/** A user's fault that nobody has registered. */
export function noUserFault(name: string, known: Iterable<string>): TroupeError {
  const there = [...known].join(', ') || 'none'
  return badFault(`there is no user fault ${name}; there are: ${there}`)
}

/** An error in a text: `partition.cx:3:17: expected a node name, got "}"`. */
export function badText(at: TextPosition, expected: string, got: string): TroupeError {
  const { file, line = 1, column = 1 } = at
  const place = file === undefined ? `line ${line}, column ${column}` : `${file}:${line}:${column}`
  const data = { ...(file !== undefined && { file }), line, column, expected }
  return badFault(`${place}: expected ${expected}, got ${got}`, data)
}

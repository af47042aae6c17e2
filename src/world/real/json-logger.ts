import type { Logger } from '../../base/logger.js'
import { type Fields, isFunction, isObject, oneOf, readOptions } from '../../base/options.js'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

export interface JsonLoggerOptions {
  /** Lines below this level are not written. Default `info`. */
  readonly level?: (typeof LEVELS)[number]
  /** Stand in every line, such as `{ node: 'a' }`. */
  readonly fields?: object
  /** Takes one line, its newline included. Default: standard error. */
  readonly write?: (line: string) => void
}

const toStderr = (text: string): void => {
  process.stderr.write(text)
}

const FIELDS: Fields<Required<JsonLoggerOptions>> = {
  level: { fallback: 'info', check: oneOf(...LEVELS) },
  fields: { fallback: {}, check: isObject() },
  write: { fallback: toStderr, check: isFunction() },
}

/**
 * One JSON object a line: `level`, `time`, the fields, `msg`. Text that came over the wire cannot
 * forge lines or move a terminal's cursor: control, direction and line-separating characters are
 * escaped. Errors are written with name, message, code and stack.
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function jsonLogger(options?: JsonLoggerOptions): Logger {
  const { level, fields: always, write } = readOptions('jsonLogger', FIELDS, options)
  const least = LEVELS.indexOf(level)
  const at = (name: (typeof LEVELS)[number]) =>
    LEVELS.indexOf(name) < least
      ? () => {}
      : (fields: object, message: string) => write(line(name, { ...always, ...fields }, message))
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function line(level: string, fields: object, msg: string): string {
  const head = { level, time: new Date().toISOString() }
  let text: string
  try {
    text = JSON.stringify({ ...head, ...fields, msg }, plain)
  } catch (error) {
    // A cycle, or a toJSON that throws: the message itself must not be lost.
    text = JSON.stringify({ ...head, msg, unloggable: String(error) })
  }
  return `${escapeText(text)}\n`
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (!(value instanceof Error)) return value
  const { name, message, stack, cause } = value
  return { name, message, code: (value as { code?: unknown }).code, stack, cause }
}

/** JSON escapes what lies below U+0020; these are the other characters that can fake a line. */
const UNSAFE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

const escapeText = (text: string): string =>
  text.replace(UNSAFE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)

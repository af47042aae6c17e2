import type { CxResult } from './cx-line.js'
import type { Plain } from './op.js'

const BARE = /^[A-Za-z_][A-Za-z0-9_.-]*$/
const WORDS = new Map<string, Plain>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['undefined', undefined],
])
const RESULTS = new Set(['OK', 'TIMEOUT', 'FAIL', 'MAYBE', 'OPEN'])
const NUMBER = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

/** A value as a counterexample shows it: a bare word where that is clear, else as JSON. */
export function printValue(value: Plain): string {
  if (value === undefined) return 'undefined'
  if (typeof value !== 'string') return JSON.stringify(value)
  const bare = BARE.test(value) && !WORDS.has(value) && !RESULTS.has(value)
  return bare ? value : JSON.stringify(value)
}

export function printResult(result: CxResult): string {
  switch (result.type) {
    case 'ok':
      return 'OK'
    case 'value':
      return printValue(result.value)
    case 'timeout':
      return 'TIMEOUT'
    case 'maybe':
      return `MAYBE, ${result.code}`
    case 'fail':
      return result.code === undefined ? 'FAIL' : `FAIL, ${result.code}`
    case 'mismatch':
      return `FAIL, {${printValue(result.expected)}, ${printValue(result.seen)}}`
    case 'open':
      return 'OPEN'
  }
}

/** What is wrong in a line, and from which column on. */
export class CxSyntax extends Error {
  readonly column: number

  constructor(column: number, expected: string, got: string) {
    super(`expected ${expected}, got ${got === '' ? 'the end of the line' : JSON.stringify(got)}`)
    this.column = column
  }
}

/** Reads words and values of one line, from left to right. */
export class CxReader {
  readonly #text: string
  #at: number

  constructor(text: string, from = 0) {
    this.#text = text
    this.#at = from
  }

  get rest(): string {
    this.#skip()
    return this.#text.slice(this.#at)
  }

  get done(): boolean {
    return this.rest === ''
  }

  fail(expected: string): CxSyntax {
    const got = this.rest.split(/\s/)[0] ?? ''
    return new CxSyntax(this.#at + 1, expected, got)
  }

  /** The next word, whatever it is. */
  word(expected: string): string {
    const word = /^[^\s{}[\]",]+/.exec(this.rest)?.[0]
    if (word === undefined) throw this.fail(expected)
    this.#at += word.length
    return word
  }

  /** The next word, which is a name. */
  name(expected: string): string {
    if (!/^[\w.-]+(\s|$)/.test(this.rest)) throw this.fail(expected)
    return this.word(expected)
  }

  accept(text: string): boolean {
    if (!this.rest.startsWith(text)) return false
    this.#at += text.length
    return true
  }

  expect(text: string): void {
    if (!this.accept(text)) throw this.fail(`'${text}'`)
  }

  end(): void {
    if (!this.done) throw this.fail('the end of the line')
  }

  /** A bare word, a number, or JSON. */
  value(expected = 'a value'): Plain {
    const first = this.rest[0]
    if (first === '"' || first === '{' || first === '[') return this.#json(expected)
    const word = this.word(expected)
    if (WORDS.has(word)) return WORDS.get(word)
    return NUMBER.test(word) ? Number(word) : word
  }

  result(): CxResult {
    const from = this.rest
    if (from.startsWith('"')) return { type: 'value', value: this.value() }
    for (const [word, type] of [
      ['OK', 'ok'],
      ['TIMEOUT', 'timeout'],
      ['OPEN', 'open'],
    ] as const) {
      if (new RegExp(`^${word}(\\s|$)`).test(from)) {
        this.accept(word)
        return { type }
      }
    }
    if (/^MAYBE\s*,/.test(from)) {
      this.accept('MAYBE')
      this.expect(',')
      return { type: 'maybe', code: this.word('a code') }
    }
    if (/^FAIL\s*(,|$)/.test(from)) return this.#failure()
    return { type: 'value', value: this.value('a result: OK, a value, TIMEOUT, MAYBE or FAIL') }
  }

  #failure(): CxResult {
    this.accept('FAIL')
    if (!this.accept(',')) return { type: 'fail', code: undefined }
    if (!this.accept('{')) return { type: 'fail', code: this.word('a code or {expected, seen}') }
    const expected = this.value()
    this.expect(',')
    const seen = this.value()
    this.expect('}')
    return { type: 'mismatch', expected, seen }
  }

  #json(expected: string): Plain {
    const length = jsonLength(this.rest)
    try {
      const value = JSON.parse(this.rest.slice(0, length)) as Plain
      this.#at += length
      return value
    } catch {
      throw this.fail(`${expected} in JSON`)
    }
  }

  #skip(): void {
    while (this.#at < this.#text.length && /\s/.test(this.#text[this.#at] as string)) this.#at++
  }
}

/** How long the JSON value is that a text begins with. */
function jsonLength(text: string): number {
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (quoted) {
      if (char === '\\') at++
      else if (char === '"') quoted = false
    } else if (char === '"') quoted = true
    else if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') depth--
    if (depth === 0 && !quoted) return at + 1
  }
  return text.length
}

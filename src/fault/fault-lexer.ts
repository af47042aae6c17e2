import { show } from '../base/options.js'
import { badText, type TextPosition } from './fault-error.js'

export type TokenKind = 'word' | 'text' | 'open' | 'close' | 'end'

export interface Token {
  readonly kind: TokenKind
  /** As written; of a `text` what stands between the quotes, unescaped. */
  readonly value: string
  /** From 1. */
  readonly column: number
}

const SPACE = /[ \t\r\n]/
const WORD = /[^\s{}"]+/y
const QUOTED = /"(?:[^"\\\n]|\\.)*"/y

/**
 * The words of one line: braces, texts in double quotes as JSON writes them, and everything else up to
 * the next space. A word that begins with `#` begins a comment.
 */
export class FaultLexer {
  readonly #source: string
  readonly #at: TextPosition
  #next = 0
  #peeked: Token | undefined

  constructor(source: string, at: TextPosition) {
    this.#source = source
    this.#at = at
  }

  peek(): Token {
    this.#peeked ??= this.#read()
    return this.#peeked
  }

  take(): Token {
    const token = this.peek()
    if (token.kind !== 'end') this.#peeked = undefined
    return token
  }

  /** Takes the next token if it is that word. */
  accept(word: string): boolean {
    const token = this.peek()
    if (token.kind !== 'word' || token.value !== word) return false
    this.take()
    return true
  }

  /** An error at a token, by default the next one. */
  fail(expected: string, token: Token = this.peek()): Error {
    const got = token.kind === 'end' ? 'the end of the line' : show(token.value)
    return badText(this.#position(token.column), expected, got)
  }

  #read(): Token {
    const source = this.#source
    while (this.#next < source.length && SPACE.test(source[this.#next] as string)) this.#next++
    const from = this.#next
    const first = source[from]
    if (first === undefined || first === '#') return { kind: 'end', value: '', column: from + 1 }
    if (first === '{' || first === '}') {
      this.#next++
      return { kind: first === '{' ? 'open' : 'close', value: first, column: from + 1 }
    }
    if (first === '"') return this.#quoted(from)
    WORD.lastIndex = from
    const [value = first] = WORD.exec(source) ?? []
    this.#next = from + value.length
    return { kind: 'word', value, column: from + 1 }
  }

  #quoted(from: number): Token {
    QUOTED.lastIndex = from
    const [text] = QUOTED.exec(this.#source) ?? []
    const value = text === undefined ? undefined : unquoted(text)
    if (text === undefined || value === undefined) {
      const rest = show(this.#source.slice(from))
      throw badText(this.#position(from + 1), 'a text in double quotes, as JSON writes it', rest)
    }
    this.#next = from + text.length
    return { kind: 'text', value, column: from + 1 }
  }

  #position(column: number): TextPosition {
    return { ...this.#at, column: (this.#at.column ?? 1) + column - 1 }
  }
}

function unquoted(text: string): string | undefined {
  try {
    return JSON.parse(text) as string
  } catch {
    return undefined
  }
}

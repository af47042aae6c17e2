import {
  ANY,
  type FaultArgument,
  isLabel,
  type Link,
  labelText,
  type MessageLabel,
} from './fault.js'
import type { FaultLexer } from './fault-lexer.js'

/** One part of a fault: how it is written, read, and what it may be. */
export interface Part<T> {
  /** Completes "expected …" and "must be …". */
  readonly text: string
  /** `before` holds the parts before this one. */
  parse(from: FaultLexer, before: Fields): T
  /** '' for what needs not be written. */
  print(value: T, all: Fields): string
  test(value: unknown, all: Fields): boolean
}

export type Fields = Readonly<Record<string, unknown>>

const NODE = /^[A-Za-z0-9._-]{1,64}$/
const NAME = /^[^\s{}"#]{1,200}$/
const LABEL =
  /^([A-Za-z0-9._-]{1,64})>([A-Za-z0-9._-]{1,64}):([^\s{}"#]{1,200})(?:#([1-9]\d{0,8}))?$/
const ORDINAL_MAX = 999_999_999

/** Longer than any timer. */
export const MS_MAX = 2 ** 31 - 1

function word<T>(text: string, read: (word: string) => T | undefined): (from: FaultLexer) => T {
  return (from) => {
    const token = from.peek()
    const value = token.kind === 'word' ? read(token.value) : undefined
    if (value === undefined) throw from.fail(text)
    from.take()
    return value
  }
}

const isNode = (value: unknown): value is string => typeof value === 'string' && NODE.test(value)
const isNodeOrAny = (value: unknown): value is string => value === ANY || isNode(value)

function named(text: string, is: (value: unknown) => value is string) {
  return {
    text,
    parse: word(text, (value) => (is(value) ? value : undefined)),
    print: (value: string) => value,
    test: is,
  } satisfies Part<string>
}

export const node = named('a node name', isNode)
export const peer = named("a node name or '*'", isNodeOrAny)
export const faultName = named(
  'the name of a fault',
  (value): value is string => typeof value === 'string' && NAME.test(value) && !/^\d/.test(value),
)

export function oneOf<T extends string>(...values: readonly T[]): Part<T> {
  const text = values.map((value) => `'${value}'`).join(' or ')
  return {
    text,
    parse: word(text, (value) => values.find((one) => one === value)),
    print: (value) => value,
    test: (value) => values.includes(value as T),
  }
}

/** The first of the values need not be written. */
export function optionOf<T extends string>(...values: readonly [T, ...T[]]): Part<T> {
  return {
    text: oneOf(...values).text,
    parse: (from) => values.find((value) => from.accept(value)) ?? values[0],
    print: (value) => (value === values[0] ? '' : value),
    test: (value) => values.includes(value as T),
  }
}

export function flag(written: string): Part<boolean> {
  return {
    text: 'true or false',
    parse: (from) => from.accept(written),
    print: (value) => (value ? written : ''),
    test: (value) => typeof value === 'boolean',
  }
}

const LABEL_TEXT = 'a message such as n1>n2:add#1'

export const label = {
  text: LABEL_TEXT,
  parse: word(LABEL_TEXT, readLabel),
  print: labelText,
  test: isMessage,
} satisfies Part<MessageLabel>

export const afterLabel: Part<MessageLabel | undefined> = {
  text: LABEL_TEXT,
  parse: (from) => (from.accept('after') ? label.parse(from) : undefined),
  print: (value) => (value === undefined ? '' : `after ${labelText(value)}`),
  test: (value) => value === undefined || isMessage(value),
}

export const labelOrLink: Part<MessageLabel | Link> = {
  text: `${LABEL_TEXT} or two nodes`,
  parse: (from) => {
    const { kind, value } = from.peek()
    if (kind === 'word' && value.includes('>')) return label.parse(from)
    if (kind !== 'word' || !isNodeOrAny(value)) throw from.fail(labelOrLink.text)
    return { from: peer.parse(from), to: peer.parse(from) }
  },
  print: (value) => (isLabel(value) ? labelText(value) : `${value.from} ${value.to}`),
  test: (value) => isMessage(value) || isLink(value),
}

export const groups: Part<readonly (readonly string[])[]> = {
  text: 'two or more groups of nodes in braces, no node in two of them',
  parse: (from) => {
    const read: string[][] = []
    const seen = new Set<string>()
    while (read.length < 2 || from.peek().kind === 'open') read.push(group(from, seen))
    return read
  },
  print: (value) => value.map((names) => `{ ${names.join(' ')} }`).join(' '),
  test: (value) => {
    if (!Array.isArray(value) || value.length < 2 || value.length > 1_000) return false
    if (!value.every((names) => Array.isArray(names) && names.length > 0 && names.every(isNode))) {
      return false
    }
    const names = value.flat()
    return new Set(names).size === names.length
  },
}

function group(from: FaultLexer, seen: Set<string>): string[] {
  if (from.peek().kind !== 'open') throw from.fail("'{' and the nodes of a group")
  from.take()
  const names: string[] = []
  while (from.peek().kind !== 'close' || names.length === 0) {
    const token = from.peek()
    const what = names.length === 0 ? node.text : `${node.text} or '}'`
    if (token.kind !== 'word' || !isNode(token.value)) throw from.fail(what)
    if (seen.has(token.value)) throw from.fail('a node that is in no group yet', token)
    seen.add(token.value)
    names.push(from.take().value)
  }
  from.take()
  return names
}

export const args: Part<readonly FaultArgument[]> = {
  text: 'texts, finite numbers, true or false',
  parse: (from) => {
    const read: FaultArgument[] = []
    for (let next = from.peek(); next.kind !== 'end'; next = from.peek()) {
      if (next.kind !== 'word' && next.kind !== 'text') throw from.fail('an argument or the end')
      const { kind, value } = from.take()
      read.push(kind === 'text' ? value : argumentOf(value))
    }
    return read
  },
  print: (values) => values.map(argumentText).join(' '),
  test: (value) =>
    Array.isArray(value) &&
    value.every((one) => /^(string|boolean)$/.test(typeof one) || Number.isFinite(one)),
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/
const BARE = /^[A-Za-z_][A-Za-z0-9._-]*$/

function argumentOf(value: string): FaultArgument {
  if (value === 'true' || value === 'false') return value === 'true'
  const number = NUMBER.test(value) ? Number(value) : Number.NaN
  return Number.isFinite(number) ? number : value
}

function argumentText(value: FaultArgument): string {
  if (typeof value === 'string') {
    return BARE.test(value) && value !== 'true' && value !== 'false' ? value : JSON.stringify(value)
  }
  return Object.is(value, -0) ? '-0' : String(value)
}

function readLabel(text: string): MessageLabel | undefined {
  const [, from, to, name, ordinal] = LABEL.exec(text) ?? []
  if (from === undefined || to === undefined || name === undefined) return undefined
  return { from, to, name, ...(ordinal !== undefined && { ordinal: Number(ordinal) }) }
}

function isMessage(value: unknown): boolean {
  const { from, to, name, ordinal } = fields(value)
  if (!isNode(from) || !isNode(to) || typeof name !== 'string' || !NAME.test(name)) return false
  if (ordinal === undefined) return true
  return Number.isInteger(ordinal) && Number(ordinal) >= 1 && Number(ordinal) <= ORDINAL_MAX
}

function isLink(value: unknown): boolean {
  const { from, to, name } = fields(value)
  return isNodeOrAny(from) && isNodeOrAny(to) && name === undefined
}

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {}

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** A source text in the three forms that rules look at. All have the lines of the original. */
export class Source {
  /** From the repository's root, with forward slashes. */
  readonly path: string
  readonly text: string
  /** Comments blanked. */
  readonly uncommented: string
  /** Comments, strings and regular expressions blanked; what templates compute is kept. */
  readonly code: string

  constructor(path: string, text: string) {
    this.path = path
    this.text = text
    const { uncommented, code } = blank(text)
    this.uncommented = uncommented
    this.code = code
  }

  /** `src/peer/lane.ts` → `peer`; a file of `src` itself → `root`. */
  get room(): string {
    const parts = this.path.split('/')
    return parts.length > 2 ? (parts[1] ?? 'root') : 'root'
  }
}

/** All TypeScript files below a directory. */
export function readSources(root: string, directory: string): Source[] {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map(
      (path) => new Source(relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')),
    )
}

/** Where an expression may begin, a slash begins a regular expression. */
const BEFORE_REGEX =
  /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(return|typeof|case|in|of|do|else|void|await))\s*$/

/**
 * A scanner that knows just enough of the language: comments, quotes, templates with what they
 * compute, and regular expressions.
 */
function blank(text: string): { uncommented: string; code: string } {
  const noComments = text.split('')
  const noStrings = text.split('')
  const hide = (target: string[], from: number, to: number): void => {
    for (let i = from; i < to; i++) if (target[i] !== '\n') target[i] = ' '
  }
  /** Depth of braces at which a template's `${` ends. */
  const templates: number[] = []
  let depth = 0
  let at = 0
  const template = (from: number): number => {
    let end = from
    while (end < text.length && text[end] !== '`' && !text.startsWith('${', end)) {
      end += text[end] === '\\' ? 2 : 1
    }
    hide(noStrings, from, end)
    if (!text.startsWith('${', end)) return end + 1
    templates.push(depth++)
    return end + 2
  }
  while (at < text.length) {
    const c = text[at]
    if (text.startsWith('//', at) || text.startsWith('/*', at)) {
      const close = c === '/' && text[at + 1] === '/' ? '\n' : '*/'
      const found = text.indexOf(close, at + 2)
      const end = found < 0 ? text.length : found + (close === '\n' ? 0 : 2)
      hide(noComments, at, end)
      hide(noStrings, at, end)
      at = end
    } else if (c === "'" || c === '"') {
      const end = closing(text, at, c)
      hide(noStrings, at + 1, end)
      at = end + 1
    } else if (c === '`') {
      at = template(at + 1)
    } else if (c === '/' && BEFORE_REGEX.test(noStrings.slice(Math.max(0, at - 40), at).join(''))) {
      const end = closing(text, at, c)
      hide(noStrings, at + 1, end)
      at = end + 1
    } else {
      if (c === '{') depth++
      if (c === '}' && --depth === templates.at(-1)) {
        templates.pop()
        at = template(at + 1)
      } else at++
    }
  }
  return { uncommented: noComments.join(''), code: noStrings.join('') }
}

/** The index of the quote or slash that ends what begins at `from`, or of the line's end. */
function closing(text: string, from: number, quote: string): number {
  let inClass = false
  for (let at = from + 1; at < text.length; at++) {
    const c = text[at]
    if (c === '\n') return at
    if (c === '\\') at++
    else if (quote === '/' && c === '[') inClass = true
    else if (quote === '/' && c === ']') inClass = false
    else if (c === quote && !inClass) return at
  }
  return text.length
}

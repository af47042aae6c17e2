import { codeOf, TroupeError } from '../base/errors.js'

/** A place in somebody's source; lines and columns count from 1. */
export interface UserPlace {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** This package, compiled and as source, to which source maps lead back. */
const OURS = ['src', 'dist'].map((part) => pathOf(new URL(`../../${part}/`, import.meta.url).href))

/**
 * Where an error came from: its first frame outside of this package and of Node.js, and outside of
 * other packages if there is one. Undefined for what is no error, and where only these are on its stack.
 */
export function userPlace(error: unknown): UserPlace | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const places = stack.split('\n').flatMap((frame) => placeIn(frame) ?? [])
  return places.find(({ file }) => !file.includes('/node_modules/')) ?? places[0]
}

/** `bank.ts:7:3`; undefined where the place is not known. */
export function placeText(error: unknown): string | undefined {
  const place = userPlace(error)
  return place && `${place.file}:${place.line}:${place.column}`
}

/** Adds to an error of these codes, which a caller's mistake has led to, where the caller is. */
export function withPlace<T>(codes: readonly string[], run: () => T): T {
  try {
    return run()
  } catch (error) {
    // The error's own stack may end before it comes to the caller.
    const here = new Error()
    const place = userPlace(here)
    if (place === undefined || !(error instanceof TroupeError)) throw error
    const { code, message, data } = error
    if (!codes.includes(String(codeOf(error))) || hasFile(data)) throw error
    const detail = message.slice(0, message.length - ` (${code})`.length)
    throw new TroupeError(code, `${detail} (at ${placeText(here)})`, {
      cause: error,
      data: { ...(data as object | undefined), ...place },
    })
  }
}

const hasFile = (data: unknown): boolean =>
  typeof data === 'object' && data !== null && 'file' in data

/** `    at Object.start (file:///a/b.ts:3:4)`, `    at async /a/b.ts:3:4` */
const FRAME = /^\s+at .*?((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/

function placeIn(frame: string): UserPlace | undefined {
  const [, url, line, column] = FRAME.exec(frame) ?? []
  if (url === undefined || /\bnode:/.test(frame)) return undefined
  const file = pathOf(url)
  if (OURS.some((folder) => file.startsWith(folder))) return undefined
  return { file, line: Number(line), column: Number(column) }
}

function pathOf(url: string): string {
  return url.startsWith('file://') ? decodeURIComponent(new URL(url).pathname) : url
}

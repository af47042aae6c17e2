import { TroupeError } from '../../base/errors.js'

/** What a line of results begins with. */
const MARK = 'troupe-result '
/** Longer lines are cut by container runtimes. */
const CHUNK = 8_000

/** A file of results, as bytes in base64. */
export interface ResultFile {
  /** Of the pod. */
  readonly index: number
  readonly name: string
  readonly base64: string
}

interface LogLine {
  readonly index: number
  readonly name: string
  readonly part: number
  readonly of: number
  readonly data: string
}

/** Files as lines of a log, where pods have no other way to hand over what they found. */
export function printResults(files: readonly ResultFile[]): string[] {
  return files.flatMap(({ index, name, base64 }) => {
    const of = Math.max(1, Math.ceil(base64.length / CHUNK))
    return Array.from({ length: of }, (_, part) => {
      const data = base64.slice(part * CHUNK, (part + 1) * CHUNK)
      const line: LogLine = { index, name, part, of, data }
      return MARK + JSON.stringify(line)
    })
  })
}

/**
 * The files in a log, whatever else it says. Of a pod that was started again, the last.
 * @throws TroupeError ERR_BAD_OPTION for a line that is damaged, or a file of which lines are missing
 */
export function readResults(log: string): ResultFile[] {
  const parts = new Map<string, LogLine[]>()
  for (const [at, row] of log.split('\n').entries()) {
    const begin = row.indexOf(MARK)
    if (begin === -1) continue
    const line = parsed(row.slice(begin + MARK.length))
    if (line === undefined) throw bad(`line ${at + 1} of the log is damaged`)
    const key = `${line.index}/${line.name}`
    const lines = line.part === 0 ? [] : (parts.get(key) ?? [])
    parts.set(key, [...lines, line])
  }
  return [...parts.values()].map((lines) => {
    const { index, name, of } = lines[0] as LogLine
    const whole = lines.length === of && lines.every(({ part }, at) => part === at)
    if (!whole) throw bad(`the log has ${lines.length} of ${of} lines of ${name} of share ${index}`)
    return { index, name, base64: lines.map(({ data }) => data).join('') }
  })
}

const bad = (detail: string): TroupeError => new TroupeError('ERR_BAD_OPTION', detail)

function parsed(json: string): LogLine | undefined {
  let line: Partial<LogLine> | null
  try {
    line = JSON.parse(json)
  } catch {
    return undefined
  }
  const { index, name, part, of, data } = line ?? {}
  // the name becomes that of a file
  const fine =
    [index, part, of].every((one) => Number.isSafeInteger(one) && (one as number) >= 0) &&
    /^[\w-][\w.-]*$/.test(String(name)) &&
    typeof data === 'string' &&
    /^[A-Za-z0-9+/=]*$/.test(data)
  return fine ? (line as LogLine) : undefined
}

import type { Plain } from './op.js'
import type { TraceKind, TraceLine } from './trace-line.js'

/** What a line says beyond where and when. */
export interface Noted {
  readonly n?: string | undefined
  readonly id?: string | undefined
  readonly c?: number | undefined
  readonly ch?: string | undefined
  readonly a?: string | undefined
  readonly d?: Plain | undefined
}

/** Where a run's lines go: kept, compared with another run's, or nowhere. */
export interface LineSink {
  take(line: TraceLine): void
}

/** Writes down what happens in a run, with its causes. */
export class Recorder {
  readonly #nowUs: () => number
  readonly #hash: () => string
  readonly #step: () => number
  readonly #sink: LineSink
  /** The last line of each node, and the event of the simulation in which it was written. */
  readonly #last = new Map<string, { readonly line: number; readonly step: number }>()
  #lines = 0

  constructor(run: { nowUs(): number; hash(): string; step(): number }, sink: LineSink) {
    this.#nowUs = run.nowUs
    this.#hash = run.hash
    this.#step = run.step
    this.#sink = sink
  }

  get lines(): number {
    return this.#lines
  }

  /** @returns the line's index */
  note(k: TraceKind, { n, id, c, ch, a, d }: Noted): number {
    const i = this.#lines++
    const cause = c ?? this.#cause(n)
    const line: Record<string, unknown> = { i, t: this.#nowUs(), k }
    if (n !== undefined) line['n'] = n
    if (id !== undefined) line['id'] = id
    if (cause !== undefined) line['c'] = cause
    if (ch !== undefined) line['ch'] = ch
    if (a !== undefined) line['a'] = a
    if (d !== undefined) line['d'] = d
    line['h'] = this.#hash()
    if (n !== undefined) this.#last.set(n, { line: i, step: this.#step() })
    this.#sink.take(line as unknown as TraceLine)
    return i
  }

  /** What else was written of that node in this step: all of it follows from one cause. */
  #cause(node: string | undefined): number | undefined {
    if (node === undefined) return undefined
    const last = this.#last.get(node)
    return last !== undefined && last.step === this.#step() ? last.line : undefined
  }
}

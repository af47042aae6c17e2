/** Options of a command by their long names. */
export type OptionSpecs = Readonly<
  Record<string, { readonly type: 'string' | 'boolean'; readonly short?: string }>
>

export interface ParsedWords {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  readonly positionals: readonly string[]
}

/** Where a command is run from, and where it speaks. */
export interface Terminal {
  /** What was written after the command's name. */
  readonly words: readonly string[]
  /** Takes options out of words. @throws Error for an option that is unknown or lacks its value */
  parse(words: readonly string[], options: OptionSpecs): ParsedWords
  /** A line of the result. */
  out(line: string): void
  /** A line that is no result. */
  err(line: string): void
  /** The exit code, once all is written. */
  exitWith(code: number): void
  /** What to do when a result cannot be written, or an exception reaches nobody. */
  onBroken(run: (error: unknown) => void): void
  /** The text of a file, which may be compressed by gzip; `-` is the standard input. @throws what the system says */
  readText(path: string): string
  /** Writes a file whole. @throws what the system says */
  writeText(path: string, text: string): void
  /** A line that the next one takes the place of, where a person is watching; undefined: none any more. */
  live(line: string | undefined): void
  /** Called at the first Ctrl-C or SIGTERM; the second ends the process at once. */
  onInterrupt(handle: () => void): void
  /** A variable of the environment. */
  variable(name: string): string | undefined
  /** How many things can be done at once. */
  readonly processors: number
  /** Monotonic milliseconds. */
  nowMs(): number
}

import type { OptionSpecs, ParsedWords, Terminal } from '../world/terminal.js'

/** How a command ends; the same for all of them. */
export const EXIT = {
  /** Nothing is wrong. */
  clean: 0,
  /** Something is: a counterexample, a history that is not consistent. */
  violation: 1,
  /** Two runs of one seed differ. */
  nondeterminism: 2,
  /** Wrong use, or input that cannot be read. */
  usage: 3,
  /** The budget ended first. */
  undecided: 4,
  /** An error of troupe itself; it says nothing about the input. */
  internal: 70,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A command of `troupe`. */
export interface Command {
  /** Its words, as they are typed. */
  readonly name: string
  /** What comes after them, in a line. */
  readonly usage: string
  /** A line for the list of commands. */
  readonly summary: string
  /** What its own help says beside that. */
  readonly details: readonly string[]
  readonly options: OptionSpecs
  run(words: ParsedWords, terminal: Terminal): ExitCode | Promise<ExitCode>
}

/** The command was used wrongly. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

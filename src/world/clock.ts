export interface Timer {
  /** The callback will not run any more. Harmless after it ran. */
  cancel(): void
}

export interface Clock {
  /** Milliseconds since this world began, with fractions. Never goes backwards; not wall time. */
  now(): number
  /** Milliseconds of wall time since 1970. May jump; only for identities and people. */
  wallMs(): number
  /** Runs once, at the earliest after `delayMs` (0: not before the next turn). Does not keep a process alive by itself when `background` is set. */
  after(delayMs: number, run: () => void, background?: boolean): Timer
}

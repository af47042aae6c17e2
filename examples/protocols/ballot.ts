import { Refusal, type Reply } from 'troupe'

/** The votes on one transaction, and who waits for how they end. */
export class Ballot {
  readonly #voters: number
  readonly #for = new Set<string>()
  readonly #caller: Reply<string>

  constructor(voters: readonly string[], caller: Reply<string>) {
    this.#voters = voters.length
    this.#caller = caller
  }

  /** Somebody votes for it, maybe not for the first time. @returns whether all have now */
  vote(by: string): boolean {
    this.#for.add(by)
    return this.#for.size >= this.#voters
  }

  /** Tells the caller `ok`, once. */
  accept(): void {
    this.#caller.resolve('ok')
  }

  /** Refuses the caller, unless it was told already. */
  refuse(why: string): void {
    this.#caller.reject(new Refusal('ABORTED', why))
  }
}

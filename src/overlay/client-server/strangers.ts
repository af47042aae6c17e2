/** Peers that are connected and that nobody needs: they get a round of gossip to say what they want. */
export class Strangers {
  #before = new Set<string>()

  /** Those that were strangers a round ago already. */
  round(now: readonly string[]): string[] {
    const stayed = now.filter((name) => this.#before.has(name))
    this.#before = new Set(now)
    return stayed
  }

  delete(name: string): void {
    this.#before.delete(name)
  }

  clear(): void {
    this.#before.clear()
  }
}

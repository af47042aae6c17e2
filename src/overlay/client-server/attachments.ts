interface Attaching {
  readonly version: number
  readonly primary: boolean
  left: number
}

/** A server that does not answer is left for another after so many attempts. */
const ATTEMPTS = 5

/**
 * The servers a client is attached to, and those it is asking. Every attachment has a number of its own, counted up;
 * the primary has the highest that was ever given to a primary.
 */
export class Attachments {
  readonly #asked = new Map<string, Attaching>()
  readonly #attached = new Map<string, number>()
  #primary: string | undefined
  #version = 0

  /** The server that carries the client's messages. */
  get primary(): string | undefined {
    return this.#primary
  }

  /** Servers attached to and asked. */
  get size(): number {
    return this.#attached.size + this.#asked.size
  }

  /** Servers that took the client. */
  get attached(): ReadonlyMap<string, number> {
    return this.#attached
  }

  get asked(): ReadonlyMap<string, unknown> {
    return this.#asked
  }

  has(server: string): boolean {
    return this.#attached.has(server) || this.#asked.has(server)
  }

  ask(server: string): void {
    const version = ++this.#version
    const primary =
      this.#primary === undefined && ![...this.#asked.values()].some((one) => one.primary)
    this.#asked.set(server, { version, primary, left: ATTEMPTS })
  }

  /** What the client has to say to that server, or undefined when it is none of these. */
  claim(server: string): { readonly version: number; readonly primary: boolean } | undefined {
    const asked = this.#asked.get(server)
    if (asked !== undefined) return asked
    const version = this.#attached.get(server)
    return version === undefined ? undefined : { version, primary: this.#primary === server }
  }

  /** The server took the client by that attachment. */
  accepted(server: string, version: number): void {
    const asked = this.#asked.get(server)
    if (asked?.version !== version) return
    this.#asked.delete(server)
    this.#attached.set(server, version)
    if (asked.primary) this.#primary = server
  }

  lose(server: string): void {
    this.#asked.delete(server)
    this.#attached.delete(server)
    if (this.#primary === server) this.#primary = undefined
  }

  /** Without a primary one of those held ready becomes it: it has taken this client before. */
  promote(): string | undefined {
    if (this.#primary !== undefined) return undefined
    const [ready] = this.#attached.keys()
    if (ready === undefined) return undefined
    this.#primary = ready
    this.#attached.set(ready, ++this.#version)
    return ready
  }

  /** Counts one more attempt at each that was asked, and returns those that had their last. */
  countAttempt(): string[] {
    const spent: string[] = []
    for (const [server, asked] of this.#asked) if (--asked.left <= 0) spent.push(server)
    return spent
  }

  clear(): void {
    this.#asked.clear()
    this.#attached.clear()
    this.#primary = undefined
  }
}

import { type Claim, compareClaims, covers, type Removal } from './client-claim.js'
import { SetDigest } from './set-digest.js'

/** A client as a server knows it. */
export interface ClientEntry extends Claim {
  /** The server it is attached to, '' when none has it. */
  readonly server: string
}

/**
 * All clients of the cluster as one server knows them. What is newer wins, whoever tells it, so that
 * the route to a client that moved never points back. Removed ones are remembered, the latest
 * `removedMax`: late news must not bring them back.
 */
export class ClientTable {
  readonly #membersMax: number
  readonly #removedMax: number
  readonly #entries = new Map<string, ClientEntry>()
  readonly #rosters = new Map<string, { readonly names: Set<string>; readonly digest: SetDigest }>()
  readonly #removed = new Map<string, Removal>()

  constructor(membersMax: number, removedMax: number) {
    this.#membersMax = membersMax
    this.#removedMax = removedMax
  }

  get size(): number {
    return this.#entries.size
  }

  get(name: string): ClientEntry | undefined {
    return this.#entries.get(name)
  }

  entries(): IterableIterator<ClientEntry> {
    return this.#entries.values()
  }

  /** Clients of one server ('': those that none has), sorted by name. */
  of(server: string): ClientEntry[] {
    const names = [...(this.#rosters.get(server)?.names ?? [])].sort()
    return names.map((name) => this.#entries.get(name) as ClientEntry)
  }

  count(server: string): number {
    return this.#rosters.get(server)?.names.size ?? 0
  }

  /** Over the clients of one server: equal where both know the same of it. */
  rosterDigest(server: string): string {
    return (this.#rosters.get(server)?.digest ?? NONE).text
  }

  /** True when the claim is newer than what is known, or the same of an entry that no server has. */
  isNews(claim: Claim, server: string): boolean {
    const known = this.#entries.get(claim.member.name)
    if (known === undefined) return true
    const age = compareClaims(claim, known)
    return age > 0 || (age === 0 && known.server === '' && server !== '')
  }

  /** True when a client of that name cannot be taken any more. */
  isFull(name: string): boolean {
    return this.#entries.size >= this.#membersMax && !this.#entries.has(name)
  }

  /** The removal that this claim falls under. */
  removalOf(claim: Claim): Removal | undefined {
    const removal = this.#removed.get(claim.member.name)
    return removal !== undefined && covers(removal, claim) ? removal : undefined
  }

  /** Sets an entry in place of what was there. */
  put(claim: Claim, server: string): void {
    const { member, epoch, version } = claim
    this.delete(member.name)
    const entry: ClientEntry = { member, epoch, version, server }
    this.#entries.set(member.name, entry)
    let roster = this.#rosters.get(server)
    if (roster === undefined) {
      roster = { names: new Set(), digest: new SetDigest() }
      this.#rosters.set(server, roster)
    }
    roster.names.add(member.name)
    roster.digest.add(rosterKey(entry))
  }

  delete(name: string): ClientEntry | undefined {
    const entry = this.#entries.get(name)
    if (entry === undefined) return undefined
    this.#entries.delete(name)
    const roster = this.#rosters.get(entry.server)
    roster?.names.delete(name)
    roster?.digest.delete(rosterKey(entry))
    if (roster?.names.size === 0) this.#rosters.delete(entry.server)
    return entry
  }

  remember(removal: Removal): void {
    const before = this.#removed.get(removal.name)
    if (before !== undefined && !isNewer(removal, before)) return
    this.#removed.delete(removal.name)
    this.#removed.set(removal.name, removal)
    if (this.#removed.size <= this.#removedMax) return
    for (const oldest of this.#removed.keys()) {
      this.#removed.delete(oldest)
      break
    }
  }

  clear(): void {
    for (const name of [...this.#entries.keys()]) this.delete(name)
    this.#removed.clear()
  }
}

const NONE = new SetDigest()

const isNewer = (a: Removal, b: Removal): boolean =>
  a.generation !== b.generation
    ? a.generation > b.generation
    : a.incarnation !== b.incarnation
      ? a.incarnation > b.incarnation
      : a.epoch > b.epoch

const rosterKey = ({ member, epoch, version }: Claim): string =>
  `${member.name}\n${member.incarnation}\n${epoch}\n${version}`

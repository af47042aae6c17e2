import type { Random } from '../../base/random.js'
import { compareIncarnations } from '../member.js'
import { isPresent, presentRecord } from '../member-set.js'
import { meshMessageFromWire, wire } from '../mesh-message.js'
import type { Member } from '../overlay.js'

/** Servers remembered. */
const SERVERS_MAX = 256

/** The servers a client knows, those it heard of last at the end. */
export class ServerList {
  readonly #self: string
  readonly #servers = new Map<string, Member>()
  /** True when something changed since it was set to false. */
  dirty = false

  constructor(self: string) {
    this.#self = self
  }

  get size(): number {
    return this.#servers.size
  }

  has(name: string): boolean {
    return this.#servers.has(name)
  }

  names(): string[] {
    return [...this.#servers.keys()].sort()
  }

  /** Takes a server in, or its newer incarnation. At the bound the oldest that is not `needed` makes room. */
  add(server: Member, needed: (name: string) => boolean): void {
    const { name } = server
    const known = this.#servers.get(name)
    if (name === this.#self) return
    if (known !== undefined && compareIncarnations(server, known) <= 0) return
    if (known === undefined && this.#servers.size >= SERVERS_MAX) {
      const idle = [...this.#servers.keys()].find((one) => !needed(one))
      if (idle === undefined) return
      this.#servers.delete(idle)
    }
    this.#servers.delete(name)
    this.#servers.set(name, server)
    this.dirty = true
  }

  /** Forgets a server; with an incarnation, only that one. */
  delete(name: string, incarnation?: string): void {
    const known = this.#servers.get(name)
    if (known === undefined) return
    if (incarnation !== undefined && known.incarnation !== incarnation) return
    this.#servers.delete(name)
    this.dirty = true
  }

  clear(): void {
    this.#servers.clear()
    this.dirty = true
  }

  /** Those that are not left out, in a fixed order. */
  except(leftOut: (name: string) => boolean): Member[] {
    return [...this.#servers.values()].filter(({ name }) => !leftOut(name))
  }

  /** Up to `most`: those `first`, then a sample of the others. */
  sample(most: number, random: Random, first: (name: string) => boolean): Member[] {
    const chosen = this.except((name) => !first(name))
    return [...chosen, ...random.sample(this.except(first), most)].slice(0, most)
  }

  /** As a server stores them: a node may start again in the other role. */
  stored(): unknown {
    return wire.state(
      [...this.#servers.values()].map((one) => presentRecord(one)),
      '',
      '',
      false,
    )
  }
}

/** The servers in what was stored, or undefined when it is damaged. */
export function storedServers(stored: unknown): Member[] | undefined {
  const message = meshMessageFromWire(stored)
  if (message?.type !== 'state') return undefined
  return message.records.filter(isPresent).map(({ member }) => member)
}

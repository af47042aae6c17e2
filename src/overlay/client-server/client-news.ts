import type { LeaveReason, Member } from '../overlay.js'
import {
  fitOneMessage,
  type Gone,
  type Seen,
  viewKey,
  viewParts,
  wire,
} from './client-server-message.js'
import { SetDigest } from './set-digest.js'

const LEFT_MAX = 1_000

/** What a server tells its clients of the membership: the changes of a step, or all members to those that lack some. */
export class ClientNews {
  readonly #digest = new SetDigest()
  readonly #behind = new Set<string>()
  #joined: Seen[] = []
  #left: Gone[] = []

  constructor(self: Member) {
    this.#digest.add(viewKey({ member: self, server: true }))
  }

  /** Over all members: a client whose view has the same lacks nothing. */
  get digest(): string {
    return this.#digest.text
  }

  joined(member: Member, server: boolean): void {
    const seen = { member, server }
    this.#digest.add(viewKey(seen))
    this.#joined.push(seen)
  }

  left(member: Member, reason: LeaveReason, server: boolean): void {
    const { name, incarnation } = member
    this.#digest.delete(viewKey({ member, server }))
    this.#left.push({ name, incarnation, reason })
  }

  /** That client lacks some: it gets all at the end of the step. */
  isBehind(client: string): void {
    this.#behind.add(client)
  }

  /** At the end of a step. `clients` are those that follow this server. */
  tell(
    clients: Iterable<string>,
    all: () => readonly Seen[],
    send: (to: string, body: unknown) => void,
  ): void {
    if (this.#joined.length > 0 || this.#left.length > 0) {
      const few = fitOneMessage(this.#joined) && this.#left.length <= LEFT_MAX
      let news: unknown
      for (const name of clients) {
        if (!few) this.#behind.add(name)
        else if (!this.#behind.has(name)) {
          news ??= wire.news(this.#joined, this.#left)
          send(name, news)
        }
      }
      this.#joined = []
      this.#left = []
    }
    if (this.#behind.size === 0) return
    const parts = viewParts(all())
    for (const name of this.#behind) for (const part of parts) send(name, part)
    this.#behind.clear()
  }
}

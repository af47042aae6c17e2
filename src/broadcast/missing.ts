import type { Announcement } from './broadcast-message.js'

/** Who announced a message. */
export interface Announcer {
  readonly peer: string
  readonly hops: number
}

/** A message that was announced and has not come. */
export class MissingMessage {
  readonly origin: string
  readonly counter: number
  readonly own: boolean
  /** Who can still be asked, in the order they announced it. */
  readonly announcers: Announcer[] = []

  constructor({ origin, counter, own }: Announcement) {
    this.origin = origin
    this.counter = counter
    this.own = own
  }
}

const ANNOUNCERS_MAX = 64

/** Announced messages that have not come, by id. */
export class Missing {
  readonly #max: number
  readonly #byKey = new Map<string, MissingMessage>()

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): MissingMessage | undefined {
    return this.#byKey.get(key)
  }

  /** True when it is the first to announce it; there is no room for more than so many messages. */
  announced(key: string, by: string, announcement: Announcement): boolean {
    const known = this.#byKey.get(key)
    if (known === undefined && this.#byKey.size >= this.#max) return false
    const missing = known ?? new MissingMessage(announcement)
    if (known === undefined) this.#byKey.set(key, missing)
    const { announcers } = missing
    if (announcers.length < ANNOUNCERS_MAX && announcers.every(({ peer }) => peer !== by)) {
      announcers.push({ peer: by, hops: announcement.hops })
    }
    return known === undefined
  }

  /** It has come, or nobody is left to ask. */
  take(key: string): MissingMessage | undefined {
    const missing = this.#byKey.get(key)
    this.#byKey.delete(key)
    return missing
  }

  forgetPeer(peer: string): void {
    for (const { announcers } of this.#byKey.values()) {
      const at = announcers.findIndex((one) => one.peer === peer)
      if (at >= 0) announcers.splice(at, 1)
    }
  }
}

export const keyOf = (origin: string, counter: number): string => `${origin}/${counter}`

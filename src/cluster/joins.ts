import { durationMs, type Fields, readOptions } from '../base/options.js'
import { parseAddress } from '../overlay/address.js'
import type { Address } from '../world/network.js'
import { Join, type JoinGround } from './join.js'

export interface JoinOptions {
  /** From the call until the peer can be used. Default 5,000. */
  readonly timeoutMs?: number
}

const FIELDS: Fields<Required<JoinOptions>> = {
  timeoutMs: { fallback: 5_000, check: durationMs(1) },
}

/** What a call of `join` asks for. */
export interface AskedJoin {
  readonly at: Address
  readonly timeoutMs: number
}

/** @throws TroupeError ERR_BAD_ADDRESS, ERR_BAD_OPTION */
export function readJoin(address: string | Address, options: JoinOptions | undefined): AskedJoin {
  return { at: parseAddress(address), ...readOptions('join', FIELDS, options) }
}

/** Calls of `join` that have not ended. */
export class Joins {
  readonly #pending = new Set<Join>()

  /** Resolves to the peer's name; rejects as `Cluster.join` says. */
  async add({ at, timeoutMs }: AskedJoin, ground: JoinGround): Promise<string> {
    const join = new Join(ground, at, timeoutMs)
    this.#pending.add(join)
    try {
      return await join.promise
    } finally {
      this.#pending.delete(join)
    }
  }

  /** Called whenever a node became reachable or a member. */
  check(): void {
    for (const join of this.#pending) join.check()
  }

  fail(error: unknown): void {
    for (const join of this.#pending) join.fail(error)
  }
}

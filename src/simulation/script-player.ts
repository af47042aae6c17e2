import { codeOf, type ErrorCode } from '../base/errors.js'
import type { Client, Driver } from './driver.js'
import type { Script, ScriptAct } from './script.js'

/** Does what a script says: its steps in order, each when its time has come and what it waits for has returned. */
export class ScriptPlayer {
  readonly #driver: Driver
  readonly #clientOf: (name: string) => Client
  readonly #clients = new Map<string, Client>()

  /** `clientOf` makes a client; the script's `c` is the driver itself. */
  constructor(driver: Driver, clientOf: (name: string) => Client) {
    this.#driver = driver
    this.#clientOf = clientOf
    this.#clients.set(driver.name, driver)
  }

  async play({ steps }: Script): Promise<void> {
    const beginMs = this.#driver.nowMs
    const returns: (Promise<unknown> | undefined)[] = []
    const pending = new Set<number>()
    for (const [index, { act, after, waitUs = 0, atUs = 0 }] of steps.entries()) {
      const awaited = (after ?? [...pending]).filter((at) => pending.has(at))
      if (awaited.length > 0) await Promise.all(awaited.map((at) => returns[at]))
      await this.#sleep(waitUs)
      await this.#sleep(Math.round((beginMs - this.#driver.nowMs) * 1000) + atUs)
      const done = this.#begin(act)
      if (done === undefined) continue
      returns[index] = done
      pending.add(index)
      void done.finally(() => pending.delete(index))
    }
    await Promise.all([...pending].map((at) => returns[at]))
  }

  async #sleep(us: number): Promise<void> {
    // The clock rounds up: half a microsecond less keeps what is no whole number of milliseconds exact.
    if (us > 0) await this.#driver.sleep((us - 0.5) / 1000)
  }

  /** Undefined: there is nothing to wait for. */
  #begin(act: ScriptAct): Promise<unknown> | undefined {
    switch (act.type) {
      case 'op': {
        const { client, node, name, args, open = false } = act
        const done = this.#client(client).callOn(node, name, ...args)
        return open ? undefined : done
      }
      case 'join':
        // What the workload did about a join that fails is not known any more.
        return this.#driver.join(act.node, act.contact).catch(() => {})
      case 'leave':
        return unless('ERR_NODE_DOWN', () => this.#driver.leave(act.node))
      case 'fault': {
        const { fault, ends } = act
        // it may have ended with another, as partitions do when all heals
        if (ends) return unless('ERR_BAD_FAULT', () => this.#driver.endFault(fault))
        this.#driver.fault(fault)
        return undefined
      }
    }
  }

  #client(name: string): Client {
    let client = this.#clients.get(name)
    if (client === undefined) {
      client = this.#clientOf(name)
      this.#clients.set(name, client)
    }
    return client
  }
}

/** A script may be played in another run than the one that it is from. */
function unless(code: ErrorCode, run: () => void): undefined {
  try {
    run()
  } catch (error) {
    if (codeOf(error) !== code) throw error
  }
}

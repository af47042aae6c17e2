import { quorum } from '../../../examples/protocols/quorum-register.js'
import { Actor, actor, type Node } from '../../../src/index.js'
import type { Scenario } from '../../../src/simulation/index.js'
import { linearizable, register } from '../../../src/verification/index.js'

interface Version {
  readonly count: number
  readonly value: number | null
}

const NONE: Version = { count: 0, value: null }

@actor('test/shrink/store')
class Store extends Actor {
  protected held = NONE

  get(): Version | Promise<Version> {
    return this.held
  }

  put(version: Version): unknown {
    if (version.count > this.held.count) this.held = version
    return undefined
  }
}

@actor('test/shrink/audit')
class Audit extends Actor {
  puts = 0

  seen(): void {
    this.puts++
  }
}

@actor('test/shrink/unused-method')
class UnusedMethod extends Store {
  size(): number {
    return this.held.count
  }
}

@actor('test/shrink/later-answer')
class LaterAnswer extends Store {
  override async get(): Promise<Version> {
    await Promise.resolve()
    return this.held
  }
}

@actor('test/shrink/counted')
class Counted extends Store {
  #reads = 0

  override get(): Version | Promise<Version> {
    this.#reads++
    return this.#reads > 0 ? super.get() : NONE
  }
}

@actor('test/shrink/telling')
class Telling extends Store {
  override put(version: Version): unknown {
    super.put(version)
    return version.count === this.held.count
  }
}

@actor('test/shrink/audited-here')
class AuditedHere extends Store {
  override put(version: Version): unknown {
    this.node.lookup(Audit, 'audit', { on: this.node.name }).tell.seen()
    return super.put(version)
  }
}

@actor('test/shrink/audited-there')
class AuditedThere extends Store {
  override put(version: Version): unknown {
    this.node.lookup(Audit, 'audit', { on: 'n1' }).tell.seen()
    return super.put(version)
  }
}

@actor('test/shrink/ticking')
class Ticking extends Store {
  override onStart(): void {
    this.every(1_000, () => {})
  }
}

@actor('test/shrink/as-text')
class AsText extends Store {
  #text = JSON.stringify(NONE)

  override get(): Version {
    return JSON.parse(this.#text) as Version
  }

  override put(version: Version): unknown {
    if (version.count > this.get().count) this.#text = JSON.stringify(version)
    return undefined
  }
}

@actor('test/shrink/longer')
class Longer extends Store {
  override put(version: Version): unknown {
    return super.put({ ...version, ...{ note: 'since the third release' } })
  }
}

@actor('test/shrink/renamed')
class Renamed extends Store {
  store(version: Version): unknown {
    return super.put(version)
  }
}

/** The same store after an edit that has nothing to do with what is wrong with it. */
export const EDITS: Readonly<Record<string, typeof Store>> = {
  'a method that nobody calls': UnusedMethod,
  'an answer after a promise': LaterAnswer,
  'a counter': Counted,
  'another answer': Telling,
  'a message to an actor of its node': AuditedHere,
  'a message to another node': AuditedThere,
  'a timer': Ticking,
  'another form of what it keeps': AsText,
  'longer messages': Longer,
  'a method with another name': Renamed,
}

export const UNEDITED = Store

const NODES = 4

/** Two of four nodes read, two of four written. */
export function storeOf(storeClass: typeof Store): Scenario {
  const on = (node: Node, name: string) =>
    node.lookup(storeClass, 'store', { on: name }).with({ timeoutMs: 1_000 })
  const names = Array.from({ length: NODES }, (_, at) => `n${at + 1}`)
  const put = (node: Node, name: string, version: Version): Promise<unknown> =>
    storeClass === Renamed
      ? node.lookup(Renamed, 'store', { on: name }).ask.store(version)
      : on(node, name).ask.put(version)
  return {
    name: 'edited-store',
    level: 'messages',
    nodes: names,
    start(node) {
      node.spawn(storeClass, undefined, { name: 'store' })
      node.spawn(Audit, undefined, { name: 'audit' })
    },
    operations: {
      async write(node, value: number) {
        const versions = await quorum(names, 2, async (name) => on(node, name).ask.get())
        const count = Math.max(...versions.map((version) => version.count))
        await quorum(names, 2, (name) => put(node, name, { count: count + 1, value }))
      },
      async read(node) {
        const versions = await quorum(names, 2, async (name) => on(node, name).ask.get())
        return versions.reduce((a, b) => (b.count > a.count ? b : a)).value
      },
    },
    workload: (w) =>
      w.parallel(3, async (client, at) => {
        for (let i = 1; i <= 4; i++) {
          await (client.flip() ? client.call('write', at * 10 + i) : client.call('read'))
        }
      }),
    limits: { settleMs: 0 },
    checks: [linearizable(register())],
  }
}

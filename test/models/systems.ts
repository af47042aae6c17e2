import fc from 'fast-check'
import { Actor, type ActorRef, actor, type Node, Refusal, reentrant } from '../../src/index.js'
import type { ModelTestOptions } from '../../src/models/index.js'
import type { Scenario } from '../../src/simulation/index.js'

const ASK_MS = 300

@actor('test/models/kv')
class Kv extends Actor<{ readonly bug?: 'drops fives' | undefined }> {
  readonly #values = new Map<string, number>()

  put(key: string, value: number): void {
    if (this.args.bug !== 'drops fives' || value !== 5) this.#values.set(key, value)
  }

  get(key: string): number | null {
    return this.#values.get(key) ?? null
  }
}

const kvOn = (node: Node): ActorRef<Kv> =>
  node.lookup(Kv, 'kv', { on: 'n1' }).with({ timeoutMs: ASK_MS })

/** A map on the first node. */
export const kvScenario = (bug?: 'drops fives'): Scenario => ({
  name: 'kv',
  level: 'messages',
  nodes: 3,
  start: (node) => {
    if (node.name === 'n1') node.spawn(Kv, { bug }, { name: 'kv' })
  },
  operations: {
    put: (node, key: string, value: number) => kvOn(node).ask.put(key, value),
    get: (node, key: string) => kvOn(node).ask.get(key),
  },
})

const key = fc.constantFrom('x', 'y')
type Values = Readonly<Record<string, number>>

export const kvTest = (
  scenario: Scenario,
): ModelTestOptions<Values, { put: readonly [string, number]; get: readonly [string] }> => ({
  scenario,
  model: {},
  commands: {
    put: { arb: fc.tuple(key, fc.nat(9)), next: (values, [k, v]) => ({ ...values, [k]: v }) },
    get: { arb: fc.tuple(key), expects: (values, [k]) => values[k] ?? null },
  },
  runs: 15,
})

@actor('test/models/counter')
class Counter extends Actor<{ readonly bug?: 'lost update' | undefined }> {
  #total = 0

  @reentrant
  async add(by: number): Promise<number> {
    const before = this.#total
    if (this.args.bug === 'lost update') {
      await this.node.lookup(Rates, 'rates', { on: 'n2' }).ask.rate()
      this.#total = before + by
    } else this.#total += by
    return this.#total
  }
}

@actor('test/models/rates')
class Rates extends Actor {
  rate(): number {
    return 1
  }
}

/** A counter that asks another node before it adds; with the bug it adds to what was there before. */
export const counterTest = (
  bug?: 'lost update',
): ModelTestOptions<number, { add: readonly [number] }> => ({
  scenario: {
    name: 'counter',
    level: 'messages',
    nodes: 3,
    start: (node) => {
      if (node.name === 'n1') node.spawn(Counter, { bug }, { name: 'counter' })
      if (node.name === 'n2') node.spawn(Rates, undefined, { name: 'rates' })
    },
    operations: {
      add: (node, by: number) => node.lookup(Counter, 'counter', { on: 'n1' }).ask.add(by),
    },
  },
  model: 0,
  commands: {
    add: {
      arb: fc.tuple(fc.integer({ min: 1, max: 9 })),
      expects: (total, [by]) => total + by,
      next: (total, [by]) => total + by,
    },
  },
  runs: 15,
  length: 6,
})

@actor('test/models/backup')
class Backup extends Actor<{ readonly fresh: boolean }> {
  /** Undefined: it is not known, after a restart. */
  #value: number | null | undefined = this.args.fresh ? null : undefined

  set(value: number): void {
    this.#value = value
  }

  value(): number | null {
    if (this.#value === undefined) throw new Refusal('UNKNOWN', 'the value is not known')
    return this.#value
  }
}

@actor('test/models/primary')
class Primary extends Actor<{ readonly fresh: boolean; readonly syncEvery: number }> {
  #value: number | null | undefined = this.args.fresh ? null : undefined
  #writes = 0

  async write(value: number): Promise<void> {
    this.#value = value
    if (++this.#writes % this.args.syncEvery === 0) await this.#backup.ask.set(value)
  }

  async read(): Promise<number | null> {
    this.#value ??= await this.#backup.ask.value()
    return this.#value
  }

  get #backup(): ActorRef<Backup> {
    return this.node.lookup(Backup, 'backup', { on: 'n2' }).with({ timeoutMs: ASK_MS })
  }
}

const primaryOn = (node: Node): ActorRef<Primary> =>
  node.lookup(Primary, 'primary', { on: 'n1' }).with({ timeoutMs: 2 * ASK_MS })

/** A register whose primary has its backup store writes, all or one of so many, before it says that they are done. */
export const backedUpTest = (
  syncEvery: number,
): ModelTestOptions<number | null, { write: readonly [number]; read: readonly [] }> => ({
  scenario: {
    name: 'backed-up',
    nodes: 2,
    start: (node, { restarts }) => {
      const fresh = restarts === 0
      if (node.name === 'n1') node.spawn(Primary, { fresh, syncEvery }, { name: 'primary' })
      if (node.name === 'n2') node.spawn(Backup, { fresh }, { name: 'backup' })
    },
    operations: {
      write: (node, value: number) => primaryOn(node).ask.write(value),
      read: (node) => primaryOn(node).ask.read(),
    },
  },
  model: null as number | null,
  commands: {
    write: { arb: fc.tuple(fc.nat(99)), next: (_, [value]) => value },
    read: { expects: (value) => value },
  },
  runs: 15,
  length: 20,
})

import { Actor, actor, Refusal } from '../../src/index.js'
import { check } from '../../src/simulation/check.js'
import { type FaultModel, faultModels } from '../../src/simulation/fault-model.js'
import type { Scenario } from '../../src/simulation/scenario.js'

@actor('simulate/counter')
export class Counter extends Actor {
  total = 0

  add(by: number): number {
    if (by < 0) throw new Refusal('NEGATIVE')
    this.total += by
    return this.total
  }

  value(): number {
    return this.total
  }
}

/** A counter on n1, and clients on all nodes that count it up. */
export const counting: Scenario = {
  name: 'counting',
  nodes: 3,
  start(node) {
    if (node.name === 'n1') node.spawn(Counter, undefined, { name: 'counter' })
  },
  operations: {
    add: (node, by: number) => node.lookup(Counter, 'counter', { on: 'n1' }).ask.add(by),
    value: (node) => node.lookup(Counter, 'counter', { on: 'n1' }).ask.value(),
  },
  async workload(w) {
    await w.parallel(3, async (client) => {
      for (let i = 0; i < 10; i++) await client.call('add', 1 + client.int(5))
      await client.call('add', -1)
    })
  },
  checks: [
    check.always('only counts up', (view) => view.actors(Counter).every((c) => c.actor.total >= 0)),
    check.history('all are answered', (ops) => ops.every((op) => op.status !== 'open')),
  ],
}

/** Under seed 2 a client never comes to an end, and lets nobody else run. */
export const spinning: Scenario = {
  ...counting,
  name: 'spinning',
  async workload(w) {
    for (let i = 0; i < 10; i++) await w.call('add', 1)
    if (w.seed === '2') for (;;) await null
  },
}

/** Comes to no end in a process with another time zone. */
export const elsewhereSpinning: Scenario = {
  ...counting,
  name: 'elsewhere-spinning',
  async workload(w) {
    await w.call('add', 1)
    if (process.env['TZ'] === 'Pacific/Kiritimati') for (;;) await null
  },
}

export const nameless = { ...counting, name: '' }

export const everything: FaultModel = faultModels
  .crashRecovery(1)
  .plus(faultModels.partitions())
  .plus(faultModels.pauses())
  .plus(faultModels.network())
  .plus(faultModels.clocks())
  .plus(faultModels.disks())

/** The same for longer, and with all that can go wrong. */
export const troubled: Scenario = {
  ...counting,
  name: 'troubled',
  faults: everything.with({ swarm: false }),
  async workload(w) {
    await w.parallel(3, async (client) => {
      for (let i = 0; i < 30; i++) {
        await client.call('add', 1 + client.int(5))
        await client.sleep(300)
      }
    })
  },
}

/** A bug that shows when n1 crashes: what was counted is gone. */
export const forgetful: Scenario = {
  ...troubled,
  name: 'forgetful',
  faults: faultModels.crashRecovery(1),
  checks: [
    check.history('what was counted is not forgotten', (ops) => {
      let last = 0
      for (const { status, name, value } of ops) {
        if (status !== 'ok' || name !== 'add') continue
        if ((value as number) < last / 2) return `${value} after ${last}`
        last = Math.max(last, value as number)
      }
      return undefined
    }),
  ],
}

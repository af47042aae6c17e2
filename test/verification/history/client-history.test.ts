import { assert } from 'chai'
import { Actor, type ActorRef, actor, type Node, Refusal } from '../../../src/index.js'
import { faultModels, report, type Scenario, simulate } from '../../../src/simulation/index.js'
import {
  casRegister,
  checkHistory,
  consistent,
  fifoQueue,
  historyOf,
  kv,
  linearizable,
  register,
} from '../../../src/verification/index.js'

@actor('test/history/cell')
class Cell extends Actor {
  readonly #values = new Map<string, number>()

  read(key: string): number | null {
    return this.#values.get(key) ?? null
  }

  write(key: string, value: number): void {
    if (value < 0) throw new Refusal('NEGATIVE', 'no')
    this.#values.set(key, value)
  }

  cas(key: string, from: number, to: number): boolean {
    if (this.read(key) !== from) return false
    this.#values.set(key, to)
    return true
  }
}

const cell = (node: Node, on: string): ActorRef<Cell> =>
  node.lookup(Cell, 'cell', { on }).with({ timeoutMs: 400 })

/** One cell for all, or one on each node that its own clients use and whose writes are told to the others. */
const cells = (shared: boolean): Scenario => ({
  name: 'cells',
  nodes: 3,
  start(node) {
    node.spawn(Cell, undefined, { name: 'cell' })
  },
  operations: {
    read: (node, key: string) => cell(node, shared ? 'n1' : node.name).ask.read(key),
    async write(node, key: string, value: number) {
      await cell(node, shared ? 'n1' : node.name).ask.write(key, value)
      if (shared) return
      for (const { name } of node.members()) {
        if (name !== node.name) cell(node, name).tell.write(key, value)
      }
    },
    cas: (node, key: string, from: number, to: number) => cell(node, 'n1').ask.cas(key, from, to),
  },
  workload: (w) =>
    w.parallel(3, async (client) => {
      for (let i = 0; i < 12; i++) {
        const key = client.pick(['x', 'y'])
        const value = Number(client.name.slice(2)) * 100 + i
        const way = client.int(shared ? 3 : 2)
        if (way === 0) await client.call('read', key)
        else if (way === 1) await client.call('write', key, value)
        else await client.call('cas', key, client.int(400), value)
      }
    }),
})

describe('histories of scenarios', () => {
  it('one cell for all is linearizable, also when messages are lost and it is cut off for a while', async () => {
    const scenario: Scenario = {
      ...cells(true),
      faults: faultModels.partitions().plus(faultModels.loss(0.05)),
      checks: [linearizable(casRegister())],
    }
    const result = await simulate(scenario, { seed: 5 })
    assert.equal(result.verdict, 'ok', report(result))
    assert.isTrue(result.history.some(({ status }) => status === 'info'))
    const history = historyOf(result.history, casRegister())
    assert.equal(history.ops.length, result.history.length - refused(result.history))
    assert.equal(checkHistory(history, { model: casRegister() }).verdict, 'ok')
  })

  it('a cell on each node, told of writes elsewhere, is not linearizable, but read by who writes', async () => {
    const scenario: Scenario = { ...cells(false), checks: [linearizable(register())] }
    const result = await simulate(scenario, { seed: 5 })
    assert.equal(result.check, 'linearizable')
    assert.match(
      String(result.error?.message),
      /^linearizable: key [xy]: no order explains .*\n {4}/,
    )
    const history = historyOf(result.history, register())
    assert.equal(
      checkHistory(history, { model: register(), consistency: 'read-your-writes' }).verdict,
      'ok',
    )
  })

  it('two failures of one kind have one signature, whatever the numbers', async () => {
    const scenario: Scenario = {
      ...cells(false),
      checks: [linearizable(register(), { name: 'cells' })],
    }
    const [one, other] = [
      await simulate(scenario, { seed: 5 }),
      await simulate(scenario, { seed: 6 }),
    ]
    assert.equal(one?.check, 'cells')
    assert.equal(other?.check, 'cells')
    assert.equal(one?.signature, other?.signature)
  })

  it('an operation may be described to the model', async () => {
    const check = consistent(fifoQueue(), {
      consistency: 'sequential',
      describe: ({ name, args }) =>
        name === 'write' ? { f: 'enqueue', value: args[1] ?? null } : undefined,
    })
    const result = await simulate({ ...cells(true), checks: [check] }, { seed: 1 })
    assert.equal(result.verdict, 'ok', report(result))
  })

  it('an operation that the model does not know is told, and not left out', async () => {
    const scenario: Scenario = { ...cells(true), checks: [linearizable(kv())] }
    const result = await simulate(scenario, { seed: 1 })
    assert.match(
      String(result.error?.message),
      /is no operation of kv; there are: get, put, append \(ERR_BAD_HISTORY\)/,
    )
  })

  it('a read that is described to have found nothing has found nothing', async () => {
    const scenario: Scenario = {
      name: 'described',
      nodes: 1,
      operations: { write: () => undefined, read: () => ({ found: false }) },
      async workload(w) {
        await w.call('write', 1)
        await w.call('read')
      },
    }
    const { history } = await simulate(scenario)
    const [, read] = historyOf(history, register(), ({ name, args }) =>
      name === 'read' ? { f: 'read', result: null } : { f: 'write', value: args[0] ?? null },
    ).ops
    assert.isNull(read?.result)
  })

  it('a budget that does not suffice fails the check, unless it may', async () => {
    for (const undecided of ['fail', 'pass'] as const) {
      const check = linearizable(kv(), {
        states: 1,
        undecided,
        describe: ({ name, args: [key, value] }) =>
          name === 'write' ? { f: 'append', key: String(key), value: String(value) } : undefined,
      })
      const result = await simulate({ ...cells(true), checks: [check] }, { seed: 2 })
      assert.equal(result.verdict, undecided === 'fail' ? 'fail' : 'ok')
      if (undecided === 'fail') {
        assert.match(String(result.error?.message), /undecided after 1 states/)
      }
    }
  })

  it('what returns at the time of the next call was there before it', async () => {
    const scenario: Scenario = {
      name: 'at once',
      nodes: 1,
      operations: { read: () => null, write: () => undefined },
      async workload(w) {
        await w.call('write', 1)
        await w.call('read')
      },
      checks: [linearizable(register())],
    }
    const result = await simulate(scenario)
    const [write, read] = result.history
    assert.equal(write?.returnedUs, read?.calledUs)
    assert.equal(result.verdict, 'fail')
  })
})

const refused = (ops: readonly { readonly name: string; readonly value: unknown }[]): number =>
  ops.filter(({ name, value }) => name === 'cas' && value === false).length

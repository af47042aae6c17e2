import { assert } from 'chai'
import type { BrokerOptions } from '../../src/broker/broker-options.js'
import { faults } from '../../src/fault/index.js'
import type { Logger } from '../../src/index.js'
import { Town } from '../contracts/overlay-town.js'
import { seeds } from '../seeds.js'
import { overFakeBroker, SimulatedBroker } from './simulated-broker.js'

const NAMES = ['n0', 'n1', 'n2']

interface Setting {
  readonly env: SimulatedBroker
  readonly town: Town
}

/** Runs with an empty network and a broker in it. */
function over(title: string, body: (setting: Setting) => Promise<void>, options = {}): void {
  for (const seed of seeds(2)) {
    it(`${title} [SEED=${seed}]`, async () => {
      const env = new SimulatedBroker(seed)
      const town = new Town(env, overFakeBroker(options as Partial<BrokerOptions>))
      await body({ env, town })
      const wrong = [...town.citizens.values()].flatMap((one) => one.faults())
      assert.deepEqual(wrong, [])
      await town.close()
    })
  }
}

/** What nodes log as errors and warnings about the broker. */
class Log {
  readonly errors: string[] = []
  readonly warnings: string[] = []
  readonly logger: Logger = {
    debug() {},
    info() {},
    warn: (_, message) => void this.warnings.push(message),
    error: (fields, message) => {
      this.errors.push(`${message}: ${(fields as { err?: Error }).err?.message}`)
    },
  }
}

describe('nodes over a broker in trouble', () => {
  over('stay members while the broker restarts, and reach each other again after it', async (s) => {
    const { env, town } = s
    const citizens = await town.settled(NAMES)
    const events: string[] = []
    for (const { node } of citizens) {
      node.events.on('memberLeft', ({ member }) => events.push(`${node.name} lost ${member.name}`))
    }
    env.stopBroker()
    const alone = (): boolean => citizens.every(({ node }) => !NAMES.some((n) => other(node, n)))
    await env.until('nobody reaches anybody', alone)
    await env.run(20_000)
    await env.startBroker()
    await town.converged(NAMES)
    await town.allAnswer(NAMES)
    assert.deepEqual(events, [])
  })

  over(
    'find their durable queues again after a restart of the broker',
    async ({ env, town }) => {
      await town.settled(NAMES)
      const before = [...env.broker.queues.keys()].sort()
      env.stopBroker()
      await env.run(4_000)
      await env.startBroker()
      assert.deepEqual([...env.broker.queues.keys()].sort(), before)
      await town.converged(NAMES)
      await town.allAnswer(NAMES)
      assert.deepEqual([...env.broker.queues.keys()].sort(), before)
    },
    { durable: true },
  )

  for (const durable of [false, true]) {
    over(
      `drop what an earlier connection left, durable: ${durable}`,
      async ({ env, town }) => {
        await town.settled(NAMES)
        for (let i = 0; i < 50; i++) town.desk('n1', 'n0').tell.note(i)
        env.broker.drop()
        await env.run(100) // all notice, before what follows is sent
        await town.converged(NAMES)
        await town.allAnswer(NAMES)
        const notes = await env.complete(town.desk('n1', 'n0').ask.notes())
        const sorted = [...new Set(notes as number[])].sort((a, b) => a - b)
        assert.deepEqual(notes, sorted, 'something came twice or out of order')
      },
      { durable },
    )
  }

  over('hear once and in order what a broker delivers twice', async ({ env, town }) => {
    env.broker.repeats = true
    await town.settled(NAMES)
    const desk = town.desk('n1', 'n0')
    for (let i = 0; i < 500; i++) desk.tell.note(i)
    const notes = await env.complete(desk.ask.notes())
    const downs: string[] = []
    town.citizen('n0').node.events.on('peerDown', ({ reason }) => downs.push(reason.message))
    await env.run(10_000) // long enough for a handshake that was begun twice to be given up
    assert.deepEqual(downs, [])
    assert.deepEqual(
      notes,
      Array.from({ length: 500 }, (_, i) => i),
    )
  })

  over('take a broker that confirms nothing any more for lost, and come back', async (s) => {
    const { env, town } = s
    await town.settled(NAMES)
    const { attempts } = env.broker
    env.broker.losesConfirms = true
    await env.until('all have dialled it anew', () => env.broker.attempts >= attempts + 3)
    env.broker.losesConfirms = false
    await town.converged(NAMES)
    await town.allAnswer(NAMES)
  })

  over('leave a bounded number of bytes with the broker for a node that rests', async (s) => {
    const { env, town } = s
    await town.settled(NAMES)
    const desk = town.desk('n1', 'n0')
    await env.complete(desk.ask.host())
    env.sim.pause('n1')
    const megabyte = new Uint8Array(1024 * 1024).fill(7)
    let most = 0
    let slow = false
    for (let i = 0; i < 8; i++) {
      if (!desk.tell.note(megabyte)) slow = true
      await env.run(50)
      const held = [...env.broker.queues].find(([name]) => name.includes('n1'))?.[1]
      most = Math.max(most, held?.bytes ?? 0)
    }
    assert.isTrue(slow, 'the sender was never told to slow down')
    assert.isBelow(
      most,
      3 * 256 * 1024,
      'three lanes, one window each, and what is unread beside it',
    )
    env.sim.resume('n1')
    const notes = await env.complete(desk.with({ timeoutMs: 60_000 }).ask.notes())
    assert.lengthOf(notes as unknown[], 8)
  })

  over('start alone where the broker lets nobody in, say why once, and stop at once', async (s) => {
    const { env, town } = s
    env.broker.refuses = 'ACCESS_REFUSED'
    const log = new Log()
    const { node } = await town.start('n0', { logger: log.logger })
    await env.run(10_000)
    assert.isAbove(env.broker.attempts, 5)
    assert.lengthOf(log.errors, 1)
    assert.match(log.errors[0] as string, /broker cannot be used.*ACCESS_REFUSED/)
    assert.deepEqual(
      node.members().map(({ name }) => name),
      ['n0'],
    )
    const { attempts } = env.broker
    const before = env.now()
    await env.complete(node.stop({ timeoutMs: 100, drainMs: 100 }))
    assert.isBelow(env.now() - before, 1_000)
    env.subject('n0').crashed = true // for `close`: nothing of it is left to stop
    await env.run(10_000)
    assert.isAtMost(env.broker.attempts, attempts + 1)
  })

  over('wait for a broker that is not there yet, and say when it is', async ({ env, town }) => {
    env.stopBroker()
    const log = new Log()
    for (const name of NAMES) await town.start(name, { logger: log.logger })
    await env.run(5_000)
    assert.lengthOf(log.errors, NAMES.length)
    await env.startBroker()
    await town.converged(NAMES)
    assert.deepEqual(log.warnings.filter((line) => /broker is back/.test(line)).length, 3)
  })

  over('evict a node that the broker has lost, which itself evicts nobody', async (s) => {
    const { env, town } = s
    await town.settled(NAMES)
    const heal = env.sim.partition(['n2'], ['broker'])
    await town.converged(['n0', 'n1'])
    await env.run(20_000)
    assert.sameMembers(town.citizen('n2').members(), NAMES)
    heal()
    await town.converged(NAMES)
    await town.allAnswer(NAMES)
  })

  over(
    'notice by its presence that a node has lost its power, though they ping rarely',
    async (s) => {
      const { env, town } = s
      await town.plan(NAMES)
      for (const name of NAMES) await town.start(name, { timing: {} })
      await town.converged(NAMES)
      await env.run(5_000)
      for (const name of ['n0', 'n1']) assert.isTrue(town.citizen(name).node.isUp('n2'))
      const before = env.now()
      await env.crash('n2', true)
      town.citizens.delete('n2')
      await env.until('it is given up', () => !town.citizen('n0').node.isUp('n2'))
      assert.isAbove(env.now() - before, 3_000)
      assert.isBelow(env.now() - before, 6_000)
      await town.converged(['n0', 'n1'])
      assert.isBelow(env.now() - before, 9_000)
    },
  )

  over('refuse a node with another cookie, and are not disturbed', async ({ env, town }) => {
    await town.settled(NAMES)
    const stranger = await town.start('stranger', { cookie: 'another' })
    await env.run(10_000)
    assert.deepEqual(stranger.members(), ['stranger'])
    assert.isAbove(stranger.node.stats().transport.refused['ERR_COOKIE'] ?? 0, 0)
    await town.converged(NAMES)
    await town.allAnswer(NAMES)
  })

  over('let every frame cross the gate', async ({ env, town }) => {
    await town.settled(NAMES)
    const fault = faults(town.citizen('n0').node).inject('omit n0>n1:note#2')
    const desk = town.desk('n1', 'n0')
    for (const i of [1, 2, 3]) desk.tell.note(i)
    assert.deepEqual(await env.complete(desk.ask.notes()), [1, 3])
    assert.equal(fault.hits, 1)
  })

  over('keep the name to who has it', async ({ env, town }) => {
    await town.settled(NAMES)
    const overlay = town.subject.make([])
    env.allow(/bad message from a peer.*another node runs under this name/)
    const second = await env.startAs('n1', 'other', { overlay })
    await env.run(10_000)
    assert.deepEqual(
      second.members().map(({ name }) => name),
      ['n1'],
    )
    await town.allAnswer(NAMES)
    await env.complete(second.stop({ timeoutMs: 100, drainMs: 0 }))
    const doubles = town.citizens.get('n1')?.badMessages.splice(0) ?? []
    assert.match(doubles.join(), /another node runs under this name/)
  })
})

const other = (node: { readonly name: string; isUp(name: string): boolean }, name: string) =>
  name !== node.name && node.isUp(name)

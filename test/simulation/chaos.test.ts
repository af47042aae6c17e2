import { assert } from 'chai'
import { codeOf } from '../../src/base/errors.js'
import type { Random } from '../../src/base/random.js'
import { Simulation } from '../../src/simulation/simulation.js'
import type { Connection, ConnectionHandler } from '../../src/world/network.js'
import type { World } from '../../src/world/world.js'
import { seeds } from '../seeds.js'

const HOSTS = ['a', 'b', 'c', 'd']
const WINDOWS = [262_144, 65_536, 5_000, 300]

/** The bytes of a connection count up; whoever reads them checks that they do. */
class Counting implements ConnectionHandler {
  readonly #remote: string
  #next = 0
  #closed = false
  constructor(remote: string) {
    this.#remote = remote
  }
  onData(bytes: Uint8Array): void {
    assert.isFalse(this.#closed, `data after close from ${this.#remote}`)
    for (const byte of bytes) {
      if (byte !== (this.#next++ & 255)) assert.fail(`bytes out of order from ${this.#remote}`)
    }
  }
  onDrain(): void {
    assert.isFalse(this.#closed, 'drain after close')
  }
  onClose(): void {
    assert.isFalse(this.#closed, 'closed twice')
    this.#closed = true
  }
}

/** Does to a connection all that can be done to one, at random. */
function use(connection: Connection, { clock, random }: World): void {
  connection.attach(new Counting(connection.remote))
  let next = 0
  const act = (): void => {
    const roll = random.int(20)
    if (roll < 12) {
      const bytes = new Uint8Array(1 + random.int(roll === 0 ? 40_000 : 500))
      for (let i = 0; i < bytes.length; i++) bytes[i] = next++ & 255
      connection.write(bytes)
    } else if (roll === 12) connection.pause()
    else if (roll < 17) connection.resume()
    else if (roll === 17) connection.end()
    else if (roll === 18 && random.int(3) === 0) connection.destroy()
    clock.after(random.int(4), act)
  }
  act()
}

async function start(world: World, host: string): Promise<void> {
  const { clock, network, random } = world
  await network.listen({ host, port: 1 }, (connection) => use(connection, world))
  const dial = async (): Promise<void> => {
    try {
      const to = { host: random.pick(HOSTS), port: 1 }
      use(await network.connect(to, { timeoutMs: 50 }), world)
    } catch (error) {
      assert.equal(codeOf(error), 'ERR_CONNECT')
    }
    clock.after(20 + random.int(50), dial)
  }
  void dial()
}

async function disturb(sim: Simulation, random: Random): Promise<void> {
  const [host = '', other = ''] = random.sample(HOSTS, 2)
  switch (random.int(7)) {
    case 0:
      sim.partition([host], [other])
      break
    case 1:
      sim.partition([host], [other], { oneWay: true })
      break
    case 2:
      sim.heal()
      break
    case 3:
      sim.crash(host, { silent: random.int(2) === 0 })
      await sim.run(random.int(10))
      void start(sim.restart(host), host)
      break
    case 4:
      sim.pause(host)
      break
    case 5:
      sim.resume(host)
      break
  }
}

async function run(seed: number | string): Promise<string> {
  const windowBytes = WINDOWS[Number(seed) % WINDOWS.length] ?? 300
  const sim = new Simulation({ seed, windowBytes })
  for (const host of HOSTS) void start(sim.world(host), host)
  for (let i = 0; i < 12; i++) {
    await sim.run(15)
    await disturb(sim, sim.random)
  }
  await sim.run(15)
  assert.isAbove(sim.events, 500)
  return `${sim.hash} after ${sim.events} events`
}

describe('simulated network under everything at once', () => {
  for (const seed of seeds(8)) {
    it(`keeps order, closes once and repeats itself [SEED=${seed}]`, async () => {
      assert.equal(await run(seed), await run(seed))
    })
  }
})

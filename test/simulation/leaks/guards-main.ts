/** Run with the guards loaded first: prints a line of JSON a claim. */
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep, setInterval as ticks } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Actor, actor, codeOf } from '../../../src/index.js'
import { EPOCH_MS } from '../../../src/simulation/host-clock.js'
import { Simulation, SimulationFailure, simulate } from '../../../src/simulation/index.js'
import { Runner, WaitingNodes } from '../waiting-node.js'

const say = (what: string, fine: boolean): void => {
  process.stdout.write(`${JSON.stringify({ what, fine })}\n`)
}

// outside

say('they say that they are there', new Simulation().guarded)
say('a date outside is now', Math.abs(Date.now() - EPOCH_MS) > 1000)
say('a date is a Date', new Date() instanceof Date && new Date().constructor === Date)
say('a date has its parts', new Date(2020, 1, 2).getMonth() === 1 && Date.UTC(1970) === 0)
say('a date is called as a function', typeof Date() === 'string')
say('Date keeps its name and length', Date.name === 'Date' && Date.length === 7)
class Day extends Date {}
say('a date can be extended', new Day(5) instanceof Day && new Day(5).getTime() === 5)
const [one, two] = [randomUUID(), randomUUID()]
say('a uuid outside is drawn', one !== two)
const began = performance.now()
await sleep(5)
await promisify(setTimeout)(5)
await promisify(setImmediate)()
say('timers outside take time', performance.now() - began >= 8)
let cleared = true
clearTimeout(
  setTimeout(() => {
    cleared = false
  }, 1),
)
await sleep(10)
say('timers outside can be cleared', cleared)
say('files can be read', (await readFile(new URL(import.meta.url), 'utf8')).length > 0)
say(
  'a digest is made',
  (await crypto.subtle.digest('SHA-256', new Uint8Array(1))).byteLength === 32,
)
const signal = AbortSignal.timeout(2)
await sleep(30)
say('a signal times out', signal.aborted)

// inside

/** What an actor says of its world. */
class Inside extends Runner {
  async run(): Promise<[string, boolean][]> {
    const found: [string, boolean][] = []
    const claim = (what: string, fine: boolean) => found.push([what, fine])
    const start = Date.now()
    claim('the time is virtual', start >= EPOCH_MS && start < EPOCH_MS + 60_000)
    const date = new Date()
    claim('a virtual date is a Date', date instanceof Date && date.getTime() === start)
    claim('a virtual date shows itself', date.toISOString().startsWith('2026-01-01T00:00:'))
    claim('a date of a time is that time', new Date(7).getTime() === 7)
    claim('performance and hrtime agree', Math.abs(performance.now() - hrMs()) < 0.01)
    await sleep(100)
    claim('100 ms pass in 100 ms', Date.now() - start === 100)
    const value = await new Promise((resolve) => setTimeout(resolve, 3, 'given'))
    claim('arguments reach the callback', value === 'given')
    let ran = 0
    const timer = setTimeout(() => ran++, 5)
    const byNumber = setTimeout(() => ran++, 5)
    const refreshed = setTimeout(() => ran++, 15)
    clearTimeout(timer)
    clearTimeout(Number(byNumber))
    timer.unref().ref()
    await sleep(10)
    refreshed.refresh()
    await sleep(10)
    claim('timers are cleared, by number too, and refreshed', ran === 0)
    await sleep(10)
    claim('a refreshed timer runs', ran === 1)
    let count = 0
    for await (const tick of ticks(5, 'tick')) {
      if (tick === 'tick' && ++count === 3) break
    }
    claim('an interval ticks', count === 3)
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 2)
    const failed = await sleep(1000, 0, { signal: controller.signal }).catch((error) => error.name)
    claim('a sleep is aborted', failed === 'AbortError')
    await promisify(setTimeout)(1)
    await promisify(setImmediate)()
    claim('random bytes have their length', randomBytes(9).length === 9)
    claim('a random byte can be called back', (await promisify(randomBytes)(3)).length === 3)
    const drawn = Array.from({ length: 100 }, () => randomInt(3, 7))
    claim(
      'random integers keep their range',
      drawn.every((n) => n >= 3 && n < 7),
    )
    const uuid = randomUUID()
    claim(
      'a uuid is one',
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid),
    )
    return found
  }
}

const hrMs = (): number => {
  const [seconds, nanos] = process.hrtime()
  return seconds * 1000 + nanos / 1e6
}

const nodes = new WaitingNodes({ seed: 3 })
for (const [what, fine] of (await nodes.ask(Inside)) as [string, boolean][]) say(what, fine)
const warned = nodes.sim.warnings.map(({ name }) => name)
say('uses are noted', warned.includes('Date.now') && warned.includes('setTimeout'))
say(
  'with their number',
  nodes.sim.warnings.every(({ count, host }) => count > 0 && host === 'a'),
)

// timers end with the program

let late = 0
class Setter extends Runner {
  run(): void {
    setInterval(() => late++, 5)
    setTimeout(() => late++, 5)
  }
}
const crashing = new WaitingNodes()
await crashing.ask(Setter)
crashing.sim.crash('a')
await crashing.sim.run(50)
say('timers end with the host', late === 0)

// policies

class Reader extends Runner {
  run(): number {
    try {
      return Date.now()
    } catch {
      return 0
    }
  }
}
const forbidden = await new WaitingNodes({ guards: { clock: 'forbid' } })
  .ask(Reader)
  .catch((e) => e)
say('what is forbidden ends the run, caught or not', forbidden instanceof SimulationFailure)
say('with a code', codeOf((forbidden as Error).cause) === 'ERR_GUARDED')
const off = (await new WaitingNodes({ guards: 'off' }).ask(Reader)) as number
say('what is off is real', Math.abs(off - Date.now()) < 60_000)
class Fetcher extends Runner {
  async run(): Promise<number> {
    return (await readFile(new URL(import.meta.url))).length
  }
}
const free = new WaitingNodes({ guards: { files: 'off' }, escapedWaits: 'off' })
const freely = await free.ask(Fetcher).catch((error) => error)
say('a kind can be let out', codeOf((freely as Error).cause) !== 'ERR_GUARDED')

// what a message from another node sets off

@actor('guards/clock')
class RemoteClock extends Actor {
  read(): number {
    return Date.now()
  }
}
const remote = await simulate({
  name: 'remote',
  nodes: 2,
  start: (node) => void node.spawn(RemoteClock, undefined, { name: 'clock' }),
  operations: { read: (node) => node.lookup(RemoteClock, 'clock', { on: 'n1' }).ask.read() },
  workload: async (w) => void (await w.callOn('n2', 'read')),
})
const read = Number(remote.history[0]?.value)
say('a handler of a remote message is inside', read >= EPOCH_MS && read < EPOCH_MS + 60_000)
say(
  'and is told of',
  remote.warnings.some(({ name, host }) => name === 'Date.now' && host === 'n1'),
)

import { assert } from 'chai'
import fc from 'fast-check'
import { Deadline, Deadlines } from '../../src/actor/deadlines.js'
import { ManualWorld, settle } from './manual-world.js'

class Noted extends Deadline {
  readonly #log: string[]
  readonly name: string
  readonly #also: () => void
  constructor(log: string[], name: string, also: () => void = () => {}) {
    super()
    this.#log = log
    this.name = name
    this.#also = also
  }
  override expire(): void {
    this.#log.push(this.name)
    this.#also()
  }
}

function setup() {
  const world = new ManualWorld()
  const deadlines = new Deadlines(world.clock, world.turn)
  const log: string[] = []
  return { world, deadlines, log }
}

describe('deadlines', () => {
  it('expire in order, each at its time', async () => {
    const { world, deadlines, log } = setup()
    deadlines.add(new Noted(log, 'a'), 100)
    deadlines.add(new Noted(log, 'b'), 50)
    await world.advance(10)
    deadlines.add(new Noted(log, 'c'), 50)
    await world.advance(39)
    assert.deepEqual(log, [])
    await world.advance(1)
    assert.deepEqual(log, ['b'])
    await world.advance(10)
    assert.deepEqual(log, ['b', 'c'])
    await world.advance(40)
    assert.deepEqual(log, ['b', 'c', 'a'])
    assert.equal(world.timers, 0)
  })

  it('share one timer among all of equal length', () => {
    const { world, deadlines, log } = setup()
    for (let i = 0; i < 1_000; i++) deadlines.add(new Noted(log, 'x'), 5_000)
    for (let i = 0; i < 10; i++) deadlines.add(new Noted(log, 'y'), 100)
    assert.equal(world.timers, 2)
    assert.equal(deadlines.size, 1_010)
  })

  it('that are removed leave no timer behind', async () => {
    const { world, deadlines, log } = setup()
    const one = new Noted(log, 'x')
    for (let i = 0; i < 100; i++) {
      deadlines.add(one, 100)
      deadlines.remove(one)
      deadlines.remove(one)
    }
    await settle()
    assert.equal(world.timers, 0)
    assert.equal(deadlines.timers, 0)
    await world.advance(1_000)
    assert.deepEqual(log, [])
  })

  it('that follow each other turn by turn cost a turn each at first and then hardly any', async () => {
    const { world, deadlines, log } = setup()
    let turns = 0
    const turn = {
      micro: world.turn.micro,
      immediate: (run: () => void): void => {
        turns++
        world.turn.immediate(run)
      },
      workedMs: () => 0,
    }
    const patient = new Deadlines(world.clock, turn)
    let last = new Noted(log, 'x')
    for (let i = 0; i < 200; i++) {
      const next = new Noted(log, 'x')
      patient.add(last, 5_000)
      patient.remove(last)
      patient.add(next, 5_000)
      last = next
      await world.advance(1)
      patient.remove(last)
    }
    assert.isBelow(turns, 12)
    assert.equal(deadlines.timers, 0)
    await world.advance(20)
    assert.equal(patient.timers, 0, 'the last one is swept soon after')
    assert.equal(world.timers, 0)
    assert.deepEqual(log, [])
  })

  it('may be added and removed while others expire', async () => {
    const { world, deadlines, log } = setup()
    const victim = new Noted(log, 'victim')
    deadlines.add(
      new Noted(log, 'first', () => {
        deadlines.remove(victim)
        deadlines.add(new Noted(log, 'again'), 10)
      }),
      10,
    )
    deadlines.add(victim, 10)
    await world.advance(10)
    assert.deepEqual(log, ['first'])
    await world.advance(10)
    assert.deepEqual(log, ['first', 'again'])
    await settle()
    assert.equal(deadlines.timers, 0)
  })

  it('expire as a list of timers would, whatever is added and removed', async () => {
    const step = fc.record({
      lengthMs: fc.constantFrom(0, 1, 5, 20),
      waitMs: fc.constantFrom(0, 0, 1, 3),
      removes: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (script) => {
        const { world, deadlines, log } = setup()
        const expected: [number, string][] = []
        const open: Noted[] = []
        for (const [i, { lengthMs, waitMs, removes }] of script.entries()) {
          const one = new Noted(log, String(i))
          deadlines.add(one, lengthMs)
          if (removes) {
            const gone = open.shift() ?? one
            if (!log.includes(gone.name)) deadlines.remove(gone)
            const at = expected.findIndex(([, name]) => name === gone.name)
            if (at >= 0 && !log.includes(gone.name)) expected.splice(at, 1)
            if (gone !== one) expected.push([world.clock.now() + lengthMs, String(i)])
          } else {
            open.push(one)
            expected.push([world.clock.now() + lengthMs, String(i)])
          }
          if (waitMs > 0) await world.advance(waitMs)
        }
        await world.advance(100)
        assert.sameMembers(
          log,
          expected.map(([, name]) => name),
        )
        assert.equal(world.timers, 0)
      }),
      { numRuns: 30 },
    )
  })
})

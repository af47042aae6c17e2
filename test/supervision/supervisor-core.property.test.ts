import { assert } from 'chai'
import fc from 'fast-check'
import type { ExitReason } from '../../src/actor/exit-reason.js'
import {
  dynamic,
  oneForAll,
  oneForOne,
  restForOne,
  type Strategy,
  type StrategyOptions,
} from '../../src/supervision/strategies.js'
import { SupervisorCore } from '../../src/supervision/supervisor-core.js'
import type { CoreSpec } from '../../src/supervision/supervisor-event.js'
import { draws } from '../seeds.js'
import {
  CRASH,
  type Effect,
  type Event,
  NORMAL,
  place,
  SHUTDOWN,
  spec,
  view,
} from './core-script.js'

const MAKERS = { oneForOne, oneForAll, restForOne, dynamic }

/** What became of one actor that the core started: at most one per child may be alive or held. */
type Life = 'starting' | 'alive' | 'stopping' | 'holding' | 'held' | 'gone' | 'lost'

interface Copy {
  readonly id: string
  readonly run: number
  readonly node: string | undefined
  life: Life
  /** The plan to hold it once it is stopped. */
  hold: boolean
}

/** Plays the world around a core at random and checks every effect against what may follow. */
class RandomWorld {
  readonly core: SupervisorCore<CoreSpec>
  readonly specs: readonly CoreSpec[]
  readonly strategy: Strategy
  readonly copies: Copy[] = []
  readonly calls = new Map<number, number>()
  readonly restartsAt: number[] = []
  readonly stopOrder: string[] = []
  readonly tries: Event[] = []
  readonly down = new Set<string>()
  ended: ExitReason | undefined
  startFailed = false
  stopAsked = false
  nowMs = 0
  #next = 100

  constructor(strategy: Strategy, specs: readonly CoreSpec[]) {
    this.strategy = strategy
    this.specs = specs
    this.core = new SupervisorCore(
      strategy,
      strategy.type === 'dynamic' ? [] : specs,
      view('b', 'c'),
    )
  }

  get over(): boolean {
    return this.ended !== undefined || this.startFailed
  }

  feed(event: Event): void {
    for (const effect of this.core.step(event, this.nowMs)) this.perform(effect)
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case 'start': {
        const others = this.living(effect.id)
        assert.isEmpty(others, `two live copies of ${effect.id}`)
        assert.isFalse(this.stopAsked, 'nothing starts once a stop was asked for')
        if (effect.place) assert.isFalse(this.down.has(effect.place.node), 'started on a lost node')
        this.begin(effect.id, effect.run, effect.place?.node)
        return
      }
      case 'restart': {
        const held = this.living(effect.id)
        assert.deepEqual(
          held.map((copy) => copy.life),
          ['held'],
          `${effect.id} is held for its restart`,
        )
        for (const copy of held) copy.life = 'gone'
        this.begin(effect.id, effect.run, effect.place?.node)
        return
      }
      case 'stop': {
        const copy = this.copy(effect.id, effect.run)
        assert.include(['alive', 'starting', 'lost'], copy.life)
        if (copy.life !== 'lost') copy.life = effect.hold ? 'holding' : 'stopping'
        copy.hold = effect.hold
        if (this.stopAsked) this.stopOrder.push(effect.id)
        return
      }
      case 'finish': {
        const copy = this.copy(effect.id, effect.run)
        assert.equal(copy.life, 'held')
        copy.life = 'gone'
        return
      }
      case 'abandon':
        assert.equal(this.copy(effect.copy.id, effect.copy.run).life, 'lost')
        this.copy(effect.copy.id, effect.copy.run).life = 'gone'
        return
      case 'adopt':
        assert.equal(this.copy(effect.id, effect.run).life, 'lost')
        this.copy(effect.id, effect.run).life = 'alive'
        return
      case 'reply':
        this.calls.set(effect.call, (this.calls.get(effect.call) ?? 0) + 1)
        return
      case 'tryAgain':
        this.tries.push({ type: 'tryAgain', id: effect.id, run: effect.run })
        return
      case 'end':
        this.ended = effect.reason
        return
      case 'startFailed':
        this.startFailed = true
        return
      case 'log':
        if (effect.entry.event === 'restarting' && effect.entry.counts) this.countRestart()
        return
      default:
        return
    }
  }

  countRestart(): void {
    this.restartsAt.push(this.nowMs)
    const recent = this.restartsAt.filter((then) => this.nowMs <= then + this.strategy.withinMs)
    assert.isAtMost(recent.length, this.strategy.maxRestarts, 'more restarts than granted')
  }

  begin(id: string, run: number, node: string | undefined): void {
    assert.isUndefined(
      this.copies.find((copy) => copy.run >= run),
      'runs rise',
    )
    this.copies.push({ id, run, node, life: 'starting', hold: false })
  }

  copy(id: string, run: number): Copy {
    const copy = this.copies.find((one) => one.id === id && one.run === run)
    if (!copy) throw new Error(`no run ${run} of ${id}`)
    return copy
  }

  living(id: string): Copy[] {
    return this.copies.filter((copy) => copy.id === id && copy.life !== 'gone')
  }

  /** One thing that may happen now, picked by `choice`; `kind` says how it comes out. */
  happen(choice: number, kind: number): void {
    const open = this.copies.filter((copy) => copy.life !== 'gone' && copy.life !== 'held')
    const actions: (() => void)[] = open
      .filter((copy) => copy.life !== 'lost')
      .map((copy) => () => this.advance(copy, kind))
    for (const retry of this.tries) actions.push(() => this.retry(retry))
    actions.push(
      () => this.call(kind),
      () => this.call(kind + 3),
      () => this.network(kind),
    )
    actions.push(() => {
      this.nowMs += kind * 100
    })
    if (kind === 9 && choice > 900) actions.push(() => this.askStop())
    actions[choice % actions.length]?.()
  }

  retry(event: Event): void {
    this.tries.splice(this.tries.indexOf(event), 1)
    this.feed(event)
  }

  advance(copy: Copy, kind: number): void {
    const { id, run } = copy
    switch (copy.life) {
      case 'starting':
        if (kind % 4 === 0) {
          // a restart that fails leaves the ref held
          const restarted = this.core.child(id)?.held === true
          copy.life = restarted ? 'held' : 'gone'
          this.feed({ type: 'childStartFailed', id, run, error: new Error('no') })
        } else {
          copy.life = 'alive'
          this.feed({ type: 'childStarted', id, run })
        }
        return
      case 'alive': {
        const reason = [NORMAL, SHUTDOWN, CRASH, CRASH, CRASH][kind % 5] ?? CRASH
        copy.life = 'gone'
        const before = this.core.child(id)
        const lasts =
          before?.spec.restart === 'permanent' ||
          (before?.spec.restart === 'transient' && reason === CRASH)
        if (lasts && (copy.node !== undefined || !this.core.ending)) copy.life = 'held'
        this.feed({ type: 'childEnded', id, run, reason })
        return
      }
      case 'stopping':
      case 'holding':
        copy.life = copy.hold ? 'held' : 'gone'
        this.feed({ type: 'childStopped', id, run })
        return
      default:
        return
    }
  }

  call(kind: number): void {
    const call = this.#next++
    this.calls.set(call, 0)
    const id = this.specs[kind % this.specs.length]?.id ?? 'a'
    const dynamicSpec = this.specs.find((one) => one.id === id)
    if (!dynamicSpec) return
    if (kind % 4 === 0) this.feed({ type: 'startChild', call, spec: dynamicSpec })
    else if (kind % 4 === 1) this.feed({ type: 'terminateChild', call, id })
    else if (kind % 4 === 2) this.feed({ type: 'restartChild', call, id })
    else this.feed({ type: 'deleteChild', call, id })
  }

  network(kind: number): void {
    const node = kind % 2 === 0 ? 'b' : 'c'
    if (this.down.delete(node)) {
      this.feed({ type: 'nodeUp', place: place(node) })
      return
    }
    this.down.add(node)
    const cutOff: Event[] = []
    for (const copy of this.copies) {
      if (copy.node !== node || copy.life === 'gone') continue
      const { id, run } = copy
      if (copy.life === 'starting') {
        cutOff.push({ type: 'childStartFailed', id, run, error: new Error('lost'), lost: true })
      }
      if (copy.life === 'stopping' || copy.life === 'holding') {
        cutOff.push({ type: 'childStopped', id, run, lost: true })
      }
      copy.life = 'lost'
    }
    this.feed({ type: 'nodeDown', place: place(node) })
    for (const event of cutOff) this.feed(event)
  }

  askStop(): void {
    this.stopAsked = true
    this.feed({ type: 'stopRequested', reason: SHUTDOWN })
  }

  /** Lets everything under way come out well until nothing is left to do. */
  drain(): void {
    for (const node of [...this.down]) this.network(node === 'b' ? 0 : 1)
    for (let guard = 0; guard < 10_000; guard++) {
      const busy = this.copies.find(
        ({ life }) => life === 'starting' || life === 'stopping' || life === 'holding',
      )
      if (busy) this.advance(busy, 1)
      else {
        const retry = this.tries[0]
        if (!retry) return
        this.retry(retry)
      }
    }
    assert.fail('the supervisor does not come to rest')
  }
}

const options = fc.record({
  maxRestarts: fc.nat(6),
  withinMs: fc.integer({ min: 1, max: 2_000 }),
  autoShutdown: fc.constantFrom('never', 'never', 'anySignificant', 'allSignificant'),
}) as fc.Arbitrary<StrategyOptions>

const about = fc.record({
  restart: fc.constantFrom('permanent', 'transient', 'temporary'),
  significant: fc.boolean(),
  on: fc.constantFrom(undefined, undefined, 'b', 'c'),
  relocate: fc.constantFrom('afterDown', 'never', 'majority'),
}) as fc.Arbitrary<Partial<CoreSpec>>

const scenario = fc.record({
  type: fc.constantFrom(...(Object.keys(MAKERS) as (keyof typeof MAKERS)[])),
  options,
  specs: fc.array(about, { minLength: 1, maxLength: 5 }),
  steps: fc.array(fc.tuple(fc.nat(1_000), fc.nat(9)), { maxLength: 120 }),
})

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never

/** Plays a scenario to its end; all effects are checked on the way. */
function play(
  type: keyof typeof MAKERS,
  strategyOptions: StrategyOptions,
  children: readonly Partial<CoreSpec>[],
  steps: readonly (readonly [number, number])[],
): RandomWorld {
  const specs = children.map((one, i) => spec('abcde'.charAt(i), one))
  const world = new RandomWorld(MAKERS[type](strategyOptions), specs)
  world.feed({ type: 'start' })
  for (const [choice, kind] of steps) if (!world.over) world.happen(choice, kind)
  world.drain()
  return world
}

describe('supervisor core: properties', () => {
  const check = (property: fc.IProperty<[Scenario]>): void => {
    const { seed, numRuns } = draws(400, Math.floor(Math.random() * 2 ** 31))
    try {
      fc.assert(property, { numRuns, seed })
    } catch (error) {
      const replay = `SEED=${seed} SEEDS=${numRuns} npx mocha -g 'supervisor core: properties'`
      throw new Error(`${(error as Error).message}\nreplay: ${replay}`, { cause: error })
    }
  }

  it('never has two live incarnations of a child, and grants no restart too many', () => {
    check(
      fc.property(scenario, ({ type, options, specs, steps }) => {
        play(type, options, specs, steps)
      }),
    )
  })

  it('answers every call exactly once', () => {
    check(
      fc.property(scenario, ({ type, options, specs, steps }) => {
        const world = play(type, options, specs, steps)
        for (const [call, replies] of world.calls) assert.equal(replies, 1, `call ${call}`)
      }),
    )
  })

  it('leaves nothing behind when it ends, and stops in the reverse order of the children', () => {
    check(
      fc.property(scenario, ({ type, options, specs, steps }) => {
        const world = play(type, options, specs, steps)
        const order = [...world.core.children()].map((child) => child.id)
        if (!world.over) world.askStop()
        world.drain()
        assert.isTrue(world.over)
        assert.isEmpty(world.copies.filter((copy) => copy.life !== 'gone'))
        const positions = world.stopOrder.map((id) => order.indexOf(id))
        if (!world.stopAsked || positions.includes(-1)) return
        assert.deepEqual(
          positions,
          [...positions].sort((a, b) => b - a),
        )
      }),
    )
  })

  it('has every child at rest as its specification says', () => {
    check(
      fc.property(scenario, ({ type, options, specs, steps }) => {
        const world = play(type, options, specs, steps)
        if (world.over) return
        for (const child of world.core.children()) {
          assert.include(['running', 'stopped'], child.status, child.id)
          const lives = world.living(child.id).map((copy) => copy.life)
          if (child.status === 'running') assert.deepEqual(lives, ['alive'])
          else assert.notInclude(lives, 'alive')
          if (child.spec.restart === 'temporary') assert.equal(child.status, 'running')
        }
      }),
    )
  })
})

import { assert } from 'chai'
import { seededRandom } from '../../src/base/random.js'
import { type ActorRef, hyparview } from '../../src/index.js'
import type { Overlay, OverlayFactory } from '../../src/overlay/overlay.js'
import { OverlayGraph } from '../../src/simulation/overlay-graph.js'
import { Ledger, Observer } from '../promises/actors.js'
import { outcomeOf } from '../promises/environment.js'
import { Simulated } from '../promises/simulated.js'
import { seeds } from '../seeds.js'

const NODES = 200
const KILLED = 40
const BROADCASTS = 20
const ASKS = 60
/** Rounds come rarely, so that repair is seen to need none. */
const SHUFFLE_MS = 60_000

const names = Array.from({ length: NODES }, (_, at) => `n${String(at).padStart(3, '0')}`)

/** Whole nodes over HyParView, their codec included, in one process under virtual time. */
class Crowd extends Simulated {
  readonly heard = new Map<string, unknown[]>()
  readonly #overlays = new Map<string, Overlay>()

  async fill(): Promise<void> {
    for (const name of names) {
      const { node } = await this.start(name, { overlay: this.#watched(name) })
      const heard: unknown[] = []
      this.heard.set(name, heard)
      node.onBroadcast('news', (message) => void heard.push(message))
      node.spawn(Ledger, undefined, { name: 'ledger' })
    }
    const [first, ...others] = names as [string, ...string[]]
    const { address } = this.subject(first)
    await this.complete(Promise.all(others.map((name) => this.subject(name).node.join(address))))
  }

  /** As `until`, but looks every 50 ms only: a look at so many nodes takes longer than a step of theirs. */
  async soon(what: string, holds: () => boolean): Promise<void> {
    const t0=Date.now(), v0=this.now(); await this.run(1); console.log(what, 'begin', v0)
    for (const end = this.now() + 30_000; !holds(); await this.run(50)) { if (Math.random()<0.05) console.log(what, Date.now()-t0, this.now()-v0, JSON.stringify(this.stat()))
      assert.isBelow(this.now(), end, what)
    }
  }

  stat() { const t: Record<string, number> = {}; for (const n of this.living) { const st = this.subject(n).node.stats(); for (const [k,v] of Object.entries({...st.routes})) t['r.'+k]=(t['r.'+k]??0)+v; for (const [k,v] of Object.entries({...st.relay})) t['l.'+k]=(t['l.'+k]??0)+v; for (const e of ['nodeDown','peerUp'] as const) t[e]=(t[e]??0)+this.subject(n).heard(e).length } return t }
  get living(): string[] {
    return names.filter((name) => !this.subject(name).crashed)
  }

  /** Undefined when all that live are one component of links that both sides hold, and none holds a dead node. */
  fault(): string | undefined {
    const { living } = this
    const numbers = new Map(living.map((name, at) => [name, at]))
    for (const name of living) {
      for (const other of this.neighbours(name)) {
        if (!numbers.has(other)) return `${name} holds ${other}, which is dead`
        if (!this.neighbours(other).includes(name)) return `${other} does not hold ${name}`
      }
    }
    const links = living.map((name) =>
      this.neighbours(name).map((other) => numbers.get(other) as number),
    )
    const components = new OverlayGraph(links).components()
    return components.length === 1 ? undefined : `components of ${components}`
  }

  neighbours(name: string): readonly string[] {
    return (this.#overlays.get(name) as Overlay).neighbours()
  }

  #watched(name: string): OverlayFactory {
    const factory = hyparview({ shuffleMs: SHUFFLE_MS })
    const create: OverlayFactory['create'] = (self, random) => {
      const overlay = factory.create(self, random)
      this.#overlays.set(name, overlay)
      return overlay
    }
    return { ...factory, create }
  }
}

for (const seed of seeds(1)) {
  describe(`${NODES} whole nodes over HyParView [SEED=${seed}]`, function () {
    this.timeout(60_000)
    const random = seededRandom(seed)
    let town: Crowd

    before(async () => {
      town = new Crowd(seed)
      await town.fill()
    })
    after(() => town.close())

    /** Asks between random pairs: all are answered. */
    async function asked(): Promise<void> {
      console.log('asks begin', town.now(), JSON.stringify(town.stat()))
      const { living } = town
      const asks = Array.from({ length: ASKS }, async (_, at) => {
        const [from, to] = random.sample(living, 2) as [string, string]
        const ledger = town.subject(from).node.lookup(Ledger, 'ledger', { on: to })
        const outcome = await outcomeOf(ledger.ask.record(at))
        if (outcome !== 'answered') { console.log(from, to, town.now(), JSON.stringify(town.stat())); for (const n of [from, to]) console.log(n, town.neighbours(n), town.subject(n).node.stats().transport.lanes.filter((l) => l.connected).map((l) => l.peer + ' ' + l.channel).join()) }
        return outcome === 'answered' ? '' : `${from} asked ${to}: ${outcome}`
      })
      const failed = (await town.complete(Promise.all(asks))).filter((line) => line !== '')
      assert.isEmpty(failed)
    }

    /** Broadcasts of some: each reaches all that live, once. */
    async function broadcast(first: number): Promise<void> {
      for (const heard of town.heard.values()) heard.length = 0
      const sent = Array.from({ length: BROADCASTS }, (_, at) => first + at)
      for (const number of sent) {
        town.subject(random.pick(town.living)).node.broadcast('news', number)
        await town.run(20)
      }
      await town.soon('all have heard all', () =>
        town.living.every((name) => (town.heard.get(name)?.length ?? 0) >= BROADCASTS),
      )
      for (const name of town.living) {
        assert.sameMembers(town.heard.get(name) as unknown[], sent, name)
      }
    }

    it('are one component soon after they joined through one contact', async () => {
      const from = town.now()
      await town.soon('they are one', () => town.fault() === undefined)
      assert.isBelow(town.now() - from, 5_000)
      await town.run(5_000)
      const searches = names.map((name) => town.subject(name).node.stats().routes?.searches ?? 0)
      assert.equal(
        Math.max(...searches),
        0,
        'nobody is searched when neighbours part that need each other no more',
      )
    })

    it('hear what any of them broadcasts', () => broadcast(0))

    it('answer asks between random pairs', asked)

    it('are repaired when a fifth is killed; watches hear of it, groups still reach their members', async () => {
      const dead = random.sample(names.slice(1), KILLED)
      const [watched, scribe] = dead as [string, string]
      const alive = names.filter((name) => !dead.includes(name))
      const [watcher, ...others] = random.sample(alive, 4) as [string, ...string[]]
      const { node } = town.subject(watcher)
      const observer = node.spawn(Observer)
      observer.tell.follow(node.lookup(Ledger, 'ledger', { on: watched }))
      const scribes: ActorRef<Ledger>[] = []
      for (const name of [scribe, ...others]) {
        const home = town.subject(name).node
        const ledger = home.spawn(Ledger)
        scribes.push(ledger)
        await town.complete(home.group(Ledger, 'scribes').join(ledger))
      }
      const size = (): number => node.group(Ledger, 'scribes').members().length
      await town.soon('the group is known', () => size() === others.length + 1)
      await town.run(2_000)

      for (const name of dead) await town.crash(name)
      const from = town.now()
      await town.soon('the survivors are repaired', () => town.fault() === undefined)
      assert.isBelow(town.now() - from, 5_000)
      const down = () => town.subject(watcher).heard('nodeDown', watched).length === 1
      await town.soon('the watched one is given up', down)
      assert.isBelow(town.now() - from, 10_000)
      assert.lengthOf(await town.complete(observer.ask.heard()), 1)
      node.group(Ledger, 'scribes').tell.write('still there')
      await town.run(500)
      for (const ledger of scribes.filter(({ node }) => alive.includes(node))) {
        const home = town.subject(ledger.node).node
        const written = home.ref(Ledger, String(ledger)).ask.entries()
        assert.deepEqual(await town.complete(written), ['still there'])
      }
    })

    it('hear what any survivor broadcasts', () => broadcast(BROADCASTS))

    it('answer asks between random survivors', asked)
  })
}

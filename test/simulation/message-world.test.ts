import { expect } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { actor } from '../../src/actor/decorators.js'
import type { ActorRef } from '../../src/actor/ref.js'
import type { Node } from '../../src/node/node.js'
import type { Candidate, ChoiceSource } from '../../src/simulation/choices.js'
import {
  check,
  Exchanges,
  faultModels,
  parseCounterexample,
  printCounterexample,
  runCounterexample,
  type Scenario,
  simulate,
} from '../../src/simulation/index.js'

@actor('test/message-world/list')
class List extends Actor {
  readonly #said: string[] = []

  say(word: string): void {
    this.#said.push(word)
  }

  said(): readonly string[] {
    return this.#said
  }
}

const list = (node: Node): ActorRef<List> => node.lookup(List, 'list', { on: 'n1' })

const scenario: Scenario = {
  name: 'list',
  level: 'messages',
  nodes: 3,
  start: (node, { nodes }) => {
    if (node.name === nodes[0]) node.spawn(List, undefined, { name: 'list' })
  },
  operations: {
    say: (node, word: string) => list(node).tell.say(word),
    said: (node) => list(node).ask.said(),
  },
  async workload(w) {
    await Promise.all([w.callOn('n2', 'say', 'a'), w.callOn('n3', 'say', 'b')])
    await w.callOn('n2', 'said')
  },
}

/** The last that may come always comes first. */
const lastFirst: ChoiceSource = {
  choose: () => 0,
  pick: (candidates: readonly Candidate[]) => candidates.length - 1,
}

describe('a world of messages', () => {
  it('brings messages in the order in which they were sent, and is quick about it', async () => {
    const result = await simulate(scenario)
    expect(result.error?.message).to.equal(undefined)
    expect(result.verdict).to.equal('ok')
    expect(result.history.at(-1)?.value).to.deep.equal(['a', 'b'])
    expect(result.virtualMs).to.be.below(2)
  })

  it('gives the same run for the same seed, and for both drains', async () => {
    const runs = await Promise.all(
      (['fast', 'portable'] as const).map((drain) => simulate(scenario, { drain })),
    )
    expect(runs[0]?.hash).to.equal(runs[1]?.hash)
  })

  it('keeps what each node gets and gives, and whom checks look at', async () => {
    const kept = async (lost: string, looking: Partial<Scenario> = {}) => {
      const exchanges = new Exchanges()
      const faults = faultModels.loss(0.5)
      const choose = (label: string): number => {
        exchanges.asked(label)
        return label === lost ? 1 : 0
      }
      await simulate({ ...scenario, faults, ...looking }, { choices: { choose }, exchanges })
      return exchanges
    }
    const { nodes, questions, looked } = await kept('')
    const labels = nodes.get('n1')?.got.map(({ label }) => label)
    expect(labels?.slice(0, 2)).to.deep.equal(['drop n2>n1:say#1', 'drop n3>n1:say#1'])
    expect(questions.map(({ label }) => label)).to.include.members(['drop n2>n1:said#1'])
    expect([...looked]).to.be.empty
    // n3 gets nothing of the loss; n2 is told another list.
    const without = (await kept('drop n2>n1:say#1')).nodes
    expect(without.get('n3')).to.deep.equal(nodes.get('n3'))
    expect(without.get('n2')?.gave).not.to.deep.equal(nodes.get('n2')?.gave)
    const checks = [check.always('short', ({ actors }) => actors(List).length < 2)]
    expect([...(await kept('', { checks })).looked]).to.deep.equal(['n1'])
  })

  it('brings them in another order where a source of choices says so', async () => {
    const result = await simulate(scenario, { choices: lastFirst })
    expect(result.history.at(-1)?.value).to.deep.equal(['b', 'a'])
    expect(result.tape).to.deep.equal({ 'n3>n1:say#1 before n2>n1:say#1': 1 })
  })

  it('gives the same run again from its tape', async () => {
    const first = await simulate(scenario, { choices: lastFirst })
    const again = await simulate(scenario, { tape: first.tape })
    expect(again.hash).to.equal(first.hash)
    expect(again.tape).to.deep.equal(first.tape)
  })

  it('replays a counterexample file', async () => {
    const failing: Scenario = {
      ...scenario,
      checks: [check.history('a is first', (ops) => String(ops.at(-1)?.value).startsWith('a'))],
    }
    const text = printCounterexample(await simulate(failing, { choices: lastFirst }))
    expect(parseCounterexample(text).meta?.tape).to.not.deep.equal({})
    const { outcome, result } = await runCounterexample(text, failing)
    expect([outcome, result.check]).to.deep.equal(['asRecorded', 'a is first'])
  })

  it('loses what choices lose', async () => {
    const tape = { 'drop n2>n1:say#1': 1 }
    const result = await simulate({ ...scenario, faults: faultModels.loss(0.5) }, { tape })
    expect(result.history.at(-1)?.value).to.deep.equal(['b'])
  })

  it('tells the end of a node that crashes, and its new start', async () => {
    const events: string[] = []
    const result = await simulate({
      ...scenario,
      async workload(w) {
        const node = w.running('n2')
        node?.events.on('peerDown', ({ peer }) => void events.push(`peerDown ${peer.name}`))
        node?.events.on('peerUp', ({ peer }) => void events.push(`peerUp ${peer.name}`))
        w.fault('crash n1')
        await w.sleep(10)
        w.fault('restart n1')
        await w.until('n1 is back', () => w.running('n2')?.isUp('n1') === true)
        await w.callOn('n2', 'say', 'c')
        expect((await w.callOn('n2', 'said')).value).to.deep.equal(['c'])
      },
    })
    expect(result.error).to.equal(undefined)
    expect(events).to.deep.equal(['peerDown n1', 'peerUp n1'])
  })

  it('holds messages at a cut, and parts those who hear nothing for long', async () => {
    const result = await simulate({
      ...scenario,
      async workload(w) {
        w.fault('partition { n1 n3 } { n2 }')
        await w.callOn('n2', 'say', 'held')
        await w.sleep(1_000)
        expect((await w.callOn('n3', 'said')).value).to.deep.equal([])
        w.fault('heal')
        await w.sleep(1)
        expect((await w.callOn('n3', 'said')).value).to.deep.equal(['held'])
        w.fault('partition { n1 n3 } { n2 }')
        await w.sleep(3_500)
        expect(w.running('n2')?.isUp('n1')).to.equal(false)
        w.fault('heal')
        await w.until('they are together', () => w.running('n2')?.isUp('n1') === true)
      },
    })
    expect(result.error).to.equal(undefined)
  })

  it('keeps what is said to a peer that is away for a moment, in order, until it is back', async () => {
    const result = await simulate({
      ...scenario,
      async workload(w) {
        const list = w.running('n2')?.lookup(List, 'list', { on: 'n1' })
        w.fault('connection n2 n1 reset')
        list?.tell.say('one')
        list?.tell.say('two')
        expect((await w.callOn('n3', 'said')).value).to.deep.equal([])
        expect(await list?.ask.said()).to.deep.equal(['one', 'two'])
      },
    })
    expect(result.error).to.equal(undefined)
  })

  it('gives it up when the peer is down for good, and says so', async () => {
    const result = await simulate({
      ...scenario,
      async workload(w) {
        const dead: string[] = []
        w.running('n2')?.events.on('deadLetter', ({ reason }) => void dead.push(String(reason)))
        w.fault('crash n1')
        await w.until('the end is seen', () => w.running('n2')?.isUp('n1') === false)
        await w.callOn('n2', 'say', 'to nobody')
        expect((await w.callOn('n2', 'said')).code).to.equal('ERR_NODE_DOWN')
        expect(dead).to.have.lengthOf(1)
      },
    })
    expect(result.error).to.equal(undefined)
  })

  it('does all that several faults ask of one message', async () => {
    const slowAndTwice = ['fault ingress_delay n1 n2 50', 'fault duplicate n2>n1:say#1']
    const result = await simulate({
      ...scenario,
      async workload(w) {
        for (const fault of slowAndTwice) w.fault(fault)
        await w.callOn('n2', 'say', 'a')
        expect((await w.callOn('n3', 'said')).value).to.deep.equal([])
        await w.sleep(60)
        expect((await w.callOn('n3', 'said')).value).to.deep.equal(['a', 'a'])
      },
    })
    expect(result.error).to.equal(undefined)
  })

  it('lets time go on while messages are under way, where choices say so', async () => {
    const slow: Scenario = {
      ...scenario,
      limits: { earlyTimers: 1 },
      workload: async (w) => {
        const late = w.sleep(5)
        await w.callOn('n2', 'say', 'a')
        let early = false
        void late.then(() => {
          early = true
        })
        await w.callOn('n3', 'said')
        w.note('early', early)
        if (early) throw new Error('the timer came before the message')
      },
    }
    expect((await simulate(slow)).verdict).to.equal('ok')
    const time: ChoiceSource = {
      choose: () => 0,
      pick: (candidates) =>
        Math.max(
          0,
          candidates.findIndex(({ label }) => label === 'time'),
        ),
    }
    const result = await simulate(slow, { choices: time })
    expect(result.error?.message).to.equal('the timer came before the message')
    expect(Object.keys(result.tape)).to.deep.equal(['time before n2>n1:say#1'])
  })

  it('refuses what would have no effect', async () => {
    const both = [
      { ...scenario, network: { latencyMs: [1, 1] as const } },
      { ...scenario, options: { overlay: 'hyparview' as const } },
      { ...scenario, level: 'actors' as never },
    ]
    for (const one of both) {
      const error = await simulate(one).catch((cause: unknown) => cause)
      expect((error as { code: string }).code).to.equal('ERR_BAD_SCENARIO')
    }
  })
})

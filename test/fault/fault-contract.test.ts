import { assert } from 'chai'
import { type Faults, faults } from '../../src/fault/index.js'
import type { ActorRef } from '../../src/index.js'
import { type FrameInfo, GATED } from '../../src/peer/gate.js'
import { Ledger, Observer } from '../promises/actors.js'
import { type Environment, outcomeOf } from '../promises/environment.js'
import { everywhere } from '../promises/promise.js'
import { entries, type LedgerPair, ledgerPair, written } from './ledger-pair.js'

/** Seeds in simulation. */
const SEEDS = 20

/** Two nodes with a ledger on b, and the faults of each. */
async function setting(env: Environment): Promise<LedgerPair & { atA: Faults; atB: Faults }> {
  const pair = await ledgerPair(env)
  return { ...pair, atA: faults(pair.a.node), atB: faults(pair.b.node) }
}

const count = (to: number, from = 0): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i)

describe('faults on a node', () => {
  everywhere(
    'a partition silences both, and its end connects them again',
    async (env) => {
      const { a, b, ledger, home, atA } = await setting(env)
      const cut = atA.inject('partition { a } { b }')
      ledger.tell.write('lost')
      await env.until('both are down', () => !a.node.isUp('b') && !b.node.isUp('a'))
      await env.until('b is given up', () => a.heard('nodeDown', 'b').length > 0)
      assert.isAbove(cut.hits, 2)
      atA.inject('heal')
      assert.isFalse(cut.active)
      await env.connected(['a', 'b'])
      const again = (await env.complete(
        a.node.whereis('ledger', { on: 'b' }),
      )) as unknown as ActorRef<Ledger>
      again.tell.write('through')
      assert.deepEqual(await written(env, home, 1), ['through'])
    },
    SEEDS,
  )

  everywhere(
    'a partition one way drops what goes that way: both notice',
    async (env) => {
      const { a, b, atB } = await setting(env)
      const cut = atB.inject('partition { a } { b } oneway')
      await env.until('both are down', () => !a.node.isUp('b') && !b.node.isUp('a'))
      cut.end()
      await env.connected(['a', 'b'])
    },
    SEEDS,
  )

  everywhere(
    'an omitted message is lost, the one before and the one after arrive',
    async (env) => {
      const { ledger, home, atA, atB } = await setting(env)
      atB.inject('omit a>b:write#2')
      for (const n of count(4)) ledger.tell.write(n)
      assert.deepEqual(await written(env, home, 3), [0, 2, 3])
      atA.inject('omit a>b:write#1')
      for (const n of [4, 5]) ledger.tell.write(n)
      assert.deepEqual(await written(env, home, 4), [0, 2, 3, 5])
      assert.deepEqual([atA.hits, atB.hits], [{ omit: 1 }, { omit: 1 }])
    },
    SEEDS,
  )

  everywhere(
    'lost questions and lost answers end at their deadline, and the nodes stay connected',
    async (env) => {
      const { a, ledger, home, atA, atB } = await setting(env)
      const hasty = ledger.with({ timeoutMs: 100 })
      const send = atA.inject('omit_send a b')
      assert.equal(await env.complete(outcomeOf(hasty.ask.record(1))), 'ERR_ASK_TIMEOUT')
      send.end()
      const receive = atA.inject('omit_receive a b')
      assert.equal(await env.complete(outcomeOf(hasty.ask.record(2))), 'ERR_ASK_TIMEOUT')
      receive.end()
      const all = atB.inject('omit_all b')
      assert.equal(await env.complete(outcomeOf(hasty.ask.record(3))), 'ERR_ASK_TIMEOUT')
      await env.run(2 * env.timing.silenceMs)
      all.end()
      assert.equal(await env.complete(outcomeOf(ledger.ask.record(4))), 'answered')
      assert.deepEqual(await entries(env, home), [2, 4])
      assert.deepEqual(a.heard('peerDown'), [])
    },
    SEEDS,
  )

  everywhere(
    'a share of messages is lost, the same for the same seed',
    async (env) => {
      const { a, ledger, home, atB } = await setting(env)
      const share = faults(a.node, { seed: 11 }).inject('omit_send a b 40%')
      for (const n of count(50)) ledger.tell.write(n)
      await env.run(50)
      share.end()
      const first = await written(env, home, 50 - share.hits)
      faults(a.node).inject('omit_send a b 40%')
      atB.inject('duplicate a>b:write#999')
      for (const n of count(50)) ledger.tell.write(n)
      await env.run(50)
      const both = await written(env, home, 2 * first.length)
      assert.deepEqual(both.slice(first.length), first)
      assert.isTrue(first.length > 15 && first.length < 45, `${first.length} of 50`)
    },
    SEEDS,
  )

  everywhere(
    'delays hold back what goes out, or comes in, in its order',
    async (env) => {
      const { ledger, home, atA, atB } = await setting(env)
      for (const [set, text] of [
        [atA, 'egress_delay a b 120ms'],
        [atB, 'ingress_delay b a 120ms'],
        [atB, 'egress_delay b * 120ms'],
      ] as const) {
        const slow = set.inject(text)
        const before = env.now()
        for (const n of count(5)) ledger.tell.write(n)
        await env.complete(ledger.ask.size())
        assert.isAtLeast(env.now() - before, 119, text)
        slow.end()
      }
      assert.deepEqual(await entries(env, home), [...count(5), ...count(5), ...count(5)])
    },
    SEEDS,
  )

  everywhere(
    'a tell that arrives twice is handled twice; an ask gets one answer',
    async (env) => {
      const { a, b, ledger, home, atA, atB } = await setting(env)
      atB.inject('duplicate a>b:write#2')
      atA.inject('duplicate a>b:slowly')
      atA.inject('duplicate b>a:reply')
      for (const n of count(3)) ledger.tell.write(n)
      assert.equal(await env.complete(ledger.ask.slowly(5, 'asked')), 'asked')
      assert.deepEqual(await written(env, home, 5), [0, 1, 1, 2, 'asked'])
      await env.run(50)
      assert.equal((await entries(env, home)).length, 5)
      assert.isAtLeast(b.node.stats().remote.refused, 1)
      assert.isAtLeast(a.node.stats().actors.lateAnswers, 1)
    },
    SEEDS,
  )

  everywhere(
    'what is reliable is handled once, whatever is lost, repeated and overtaken',
    async (env) => {
      const { ledger, home, atA, atB } = await setting(env)
      const ends = [
        atA.inject('omit_send a b 30%'),
        atB.inject('omit_send b a 30%'),
        atB.inject('duplicate a b 30%'),
        atA.inject('duplicate b a 30%'),
        atB.inject('reorder a b 20ms'),
      ]
      const sure = ledger.with({ reliable: true })
      for (const n of count(40)) sure.tell.write(n)
      await env.run(300)
      for (const one of ends) {
        assert.isAbove(one.hits, 0, one.text)
        one.end()
      }
      const held = await written(env, home, 40)
      await env.run(200)
      assert.sameMembers(held, count(40))
      assert.lengthOf(await entries(env, home), 40)
    },
    SEEDS,
  )

  everywhere(
    'messages overtake each other, none is lost, and watches still fire once',
    async (env) => {
      const { a, b, home, ledger, atA, atB } = await setting(env)
      const observer = a.node.spawn(Observer)
      atA.inject('reorder a b 30ms')
      atB.inject('reorder a b 30ms')
      atA.inject('reorder b a 30ms')
      observer.tell.follow(ledger)
      for (const n of count(40)) ledger.tell.write(n)
      const held = (await written(env, home, 40)) as number[]
      assert.notDeepEqual(held, count(40))
      assert.sameMembers(held, count(40))
      await env.run(100)
      void b.node.stopActor(home)
      await env.run(100)
      let heard: string[] = []
      for (let tries = 0; heard.length === 0 && tries < 500; tries++) {
        await env.run(5)
        heard = await env.complete(observer.ask.heard())
      }
      assert.deepEqual(heard, ['1 normal'])
      assert.deepEqual(a.heard('peerDown'), [])
    },
    SEEDS,
  )

  everywhere(
    'wrong bits are refused and counted, or change an argument; the node lives',
    async (env) => {
      env.allow(/envelope was refused|bad message/)
      const { a, b, ledger, home, atA } = await setting(env)
      const flips = atA.inject('byzantine a bitflip')
      for (const n of count(30)) ledger.tell.write(`entry ${n}`)
      await env.run(100)
      flips.end()
      const corrupt = atA.inject('byzantine a corrupt')
      for (const n of count(30)) ledger.tell.write(`entry ${n}`)
      await env.run(100)
      corrupt.end()
      assert.deepEqual([flips.hits, corrupt.hits], [30, 30])
      await env.until('they are connected', () => a.node.isUp('b') && b.node.isUp('a'))
      const held = await entries(env, home)
      const sound = held.filter((entry) => /^entry \d+$/.test(String(entry)))
      assert.isBelow(sound.length, 60)
      const refusals = b.node.stats().remote.refused + b.heard('badMessage').length
      const turnedAway = Object.values(b.node.stats().transport.refused)
      assert.isAbove(refusals + turnedAway.reduce((sum, n) => sum + n, 0), 0)
      const again = a.node.lookup(Ledger, 'ledger', { on: 'b' })
      assert.equal(await env.complete(outcomeOf(again.ask.size())), 'answered')
    },
    SEEDS,
  )

  everywhere(
    'who is stale says what it said the time before, to each and of each name',
    async (env) => {
      const { ledger, home, atA } = await setting(env)
      const stale = atA.inject('byzantine a stale')
      for (const n of [1, 2, 2, 3]) ledger.tell.write(n)
      assert.deepEqual(await written(env, home, 4), [1, 1, 2, 2])
      assert.equal(stale.hits, 2, 'one passed, and one was the same')
      assert.equal(await env.complete(ledger.ask.record('a')), 5)
      assert.equal(await env.complete(ledger.ask.record('b')), 6)
      stale.end()
      ledger.tell.write('end')
      assert.deepEqual(await written(env, home, 7), [1, 1, 2, 2, 'a', 'a', 'end'])
    },
    SEEDS,
  )

  everywhere(
    'who is stale answers what it answered to the same question before',
    async (env) => {
      const { ledger, home, atB } = await setting(env)
      const ask = (): Promise<number> => env.complete(ledger.ask.size())
      const stale = atB.inject('byzantine b stale')
      const answers: number[] = []
      for (let n = 0; n < 4; n++) {
        answers.push(await ask())
        await env.complete(home.ask.record(n))
      }
      assert.deepEqual(answers, [0, 0, 1, 2], 'one behind')
      assert.equal(await env.complete(ledger.ask.record('x')), 5, 'another question')
      assert.equal(stale.hits, 3)
      stale.end()
      assert.equal(await ask(), 5)
      const rare = atB.inject('byzantine b stale 0.001%')
      for (let n = 0; n < 3; n++) await env.complete(home.ask.record(n))
      assert.deepEqual([await ask(), await ask(), rare.hits], [8, 8, 0])
    },
    SEEDS,
  )

  everywhere(
    'a reset breaks the connections, and they come back',
    async (env) => {
      const { a, b, ledger, atB } = await setting(env)
      const reset = atB.inject('connection a b reset')
      assert.isAtLeast(reset.hits, 2)
      assert.isFalse(reset.active)
      await env.until('both noticed', () => [a, b].every((one) => one.heard('peerDown').length > 0))
      await env.connected(['a', 'b'])
      assert.equal(await env.complete(outcomeOf(ledger.ask.size())), 'answered')
    },
    SEEDS,
  )

  everywhere(
    'resolve_all ends everything, and the gate is the open one',
    async (env) => {
      const { a, b, ledger, home, atA, atB } = await setting(env)
      const { gate } = a.node[GATED]
      for (const set of [atA, atB]) {
        for (const text of ['partition { a } { b }', 'duplicate a b', 'reorder a b 1s']) {
          set.inject(text)
        }
        assert.equal(set.active.length, 3)
        set.inject('resolve_all')
        assert.equal(set.active.length, 0)
      }
      assert.isTrue(gate.isOpen && b.node[GATED].gate.isOpen)
      for (const n of count(20)) ledger.tell.write(n)
      assert.deepEqual(await written(env, home, 20), count(20))
    },
    SEEDS,
  )

  everywhere(
    'a node knows its messages by name, both ways',
    async (env) => {
      const { a, b, ledger } = await setting(env)
      const seen = new Set<string>()
      for (const { node } of [a, b]) {
        const access = node[GATED]
        access.gate.add((frame: FrameInfo) => {
          const { from, to, name } = access.message(frame) ?? { from: '', to: '', name: '' }
          if (name !== '') seen.add(`${access.node} ${frame.direction} ${from}>${to}:${name}`)
          return undefined
        })
      }
      b.node.onForward('greet', () => {})
      a.node.forward({ node: 'b', name: 'greet' }, 'hello')
      ledger.tell.write(1)
      await env.complete(ledger.ask.size())
      await env.failure(ledger.ask.refuse(1))
      await env.failure(ledger.with({ timeoutMs: 5 }).ask.slowly(20, 'x'))
      await env.run(50)
      const names = (way: string): string[] =>
        [...seen].filter((one) => one.startsWith(way)).map((one) => one.slice(way.length))
      const sent = ['greet', 'write', 'size', 'refuse', 'slowly', 'abort']
      assert.includeMembers(names('a out a>b:'), sent)
      assert.includeMembers(names('b in a>b:'), sent)
      assert.includeMembers(names('b out b>a:'), ['reply', 'failure'])
      assert.includeMembers(names('a in b>a:'), ['reply', 'failure'])
    },
    3,
  )
})

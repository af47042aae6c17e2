import { assert } from 'chai'
import {
  type FrameInfo,
  Gate,
  type GateSide,
  PASS,
  type Rule,
  type Ruling,
} from '../../src/peer/gate.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import { FRAME } from '../../src/wire/frame.js'
import { SimLab, type TestPeer } from './lab.js'

const SIDE: GateSide = { peer: 'b', channel: 'default', lane: 0 }
const DROP: Ruling = { type: 'drop' }
const TWICE: Ruling = { type: 'twice' }
const late = (ms: number): Ruling => ({ type: 'delay', ms })

describe('gate', () => {
  it('is one constant function while nobody has a rule, and again when the last one is gone', () => {
    const gate = new Gate()
    const { in: openIn, out: openOut } = gate
    assert.equal(gate.out(SIDE, FRAME.PING, undefined, 9), PASS)
    const remove = [gate.add(() => undefined), gate.add(() => undefined)]
    assert.notEqual(gate.out, openOut)
    for (const undo of remove) undo()
    for (const undo of remove) undo()
    assert.deepEqual([gate.in === openIn, gate.out === openOut], [true, true])
  })

  const table: [rulings: (Ruling | undefined)[], drop: boolean, delayMs: number, copies: number][] =
    [
      [[undefined], false, 0, 1],
      [[late(5), undefined, late(7)], false, 12, 1],
      [[TWICE], false, 0, 2],
      [[TWICE, late(3), TWICE], false, 3, 3],
      [[TWICE, DROP], true, 0, 0],
      [[DROP, TWICE, late(9)], true, 0, 0],
    ]
  for (const [rulings, drop, delayMs, copies] of table) {
    it(`asks every rule: ${rulings.map((r) => r?.type ?? 'none').join(' + ')}`, () => {
      const gate = new Gate()
      let asked = 0
      for (const ruling of rulings) {
        gate.add(() => {
          asked++
          return ruling
        })
      }
      const verdict = gate.in(SIDE, FRAME.ENVELOPE, undefined, 100)
      assert.deepInclude({ ...verdict }, { drop, delayMs, copies, asideMs: 0, flips: [] })
      assert.equal(asked, rulings.length)
    })
  }

  it('shows a rule the frame, with its message on the way out', () => {
    const gate = new Gate()
    const seen: FrameInfo[] = []
    gate.add((frame) => {
      seen.push(frame)
      return undefined
    })
    const envelope = new Envelope(ENVELOPE.TELL, 1, 0, 0, 0, [], undefined, undefined)
    gate.out(SIDE, FRAME.ENVELOPE, envelope, 0)
    gate.in(SIDE, FRAME.PING, undefined, 17)
    assert.deepEqual(seen, [
      { direction: 'out', ...SIDE, kind: FRAME.ENVELOPE, envelope, bytes: 0 },
      { direction: 'in', ...SIDE, kind: FRAME.PING, envelope: undefined, bytes: 17 },
    ])
  })
})

describe('faults at the gate of a node', () => {
  let lab: SimLab
  let a: TestPeer
  let b: TestPeer

  beforeEach(async () => {
    lab = new SimLab({ seed: 'gate', latencyMs: [1, 1] })
    a = await lab.start('a')
    b = await lab.start('b')
    a.peers.connect(b.peers.self)
    await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'))
  })

  const messages: Rule = (frame) => (frame.kind === FRAME.ENVELOPE ? DROP : undefined)
  const on =
    (ruling: Ruling, direction?: string): Rule =>
    (frame) =>
      frame.kind === FRAME.ENVELOPE && (direction ?? frame.direction) === frame.direction
        ? ruling
        : undefined

  for (const direction of ['out', 'in'] as const) {
    it(`drops, delays and doubles messages on the way ${direction}`, async () => {
      const gate = direction === 'out' ? a.peers.gate : b.peers.gate
      const undo = gate.add(messages)
      a.tell('b', 1, 'dropped')
      a.tell('b', 1, 'dropped too', new Uint8Array(200_000))
      await lab.pass(100)
      undo()
      const double = gate.add(on(TWICE))
      a.tell('b', 1, 'twice')
      await lab.pass(100)
      double()
      const slow = gate.add(on(late(500)))
      const from = lab.sim.nowMs
      a.tell('b', 1, 'late')
      await lab.pass(50)
      slow()
      a.tell('b', 1, 'behind it')
      await lab.until(() => b.got.length === 4, 'all that is left')
      assert.deepEqual(
        b.got.map((got) => got.args[0]),
        ['twice', 'twice', 'late', 'behind it'],
      )
      assert.isAtLeast(lab.sim.nowMs - from, 500)
      assert.isBelow(lab.sim.nowMs - from, 520)
      assert.equal(a.count('down'), 0)
    })
  }

  it('a partition at one node alone silences the peer for both, and heals', async () => {
    const heal = a.peers.gate.add((frame) => (frame.peer === 'b' ? DROP : undefined))
    a.tell('b', 1, new Uint8Array(5_000_000))
    await lab.until(() => !a.peers.isUp('b') && !b.peers.isUp('a'), 'both down')
    assert.equal(a.news.at(-1), 'down b ERR_PEER_SILENT')
    await lab.pass(20_000)
    assert.deepEqual([a.count('up b'), b.count('up a')], [1, 1])
    heal()
    await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'), 'both up again')
    a.tell('b', 1, 'through')
    await lab.until(() => b.got.at(-1)?.args[0] === 'through')
  })

  it('a partition keeps out a peer that nobody knows yet', async () => {
    const c = await lab.start('c')
    b.peers.gate.add((frame) => (frame.peer === 'c' ? DROP : undefined))
    c.peers.connect(b.peers.self)
    await lab.pass(8_000)
    assert.deepEqual([c.count('up'), b.count('up c')], [0, 0])
  })

  it('holds back the fragments of a cut way, and the message arrives whole after it', async () => {
    let cut = false
    a.peers.gate.add((frame) => (cut && frame.kind === FRAME.FRAGMENT ? DROP : undefined))
    a.tell('b', 1, new Uint8Array(2_000_000).fill(7))
    await lab.pass(2)
    cut = true
    await lab.pass(1_000)
    assert.equal(b.got.length, 0)
    cut = false
    await lab.until(() => b.got.length === 1, 'the message')
    const [bytes] = b.got[0]?.args ?? []
    assert.isTrue(bytes instanceof Uint8Array && bytes.every((byte) => byte === 7))
    assert.equal(b.count('down'), 0)
  })

  it('looks for the end of a cut at one pace, however much is sent meanwhile', async () => {
    const lab = new SimLab({ seed: 'pace of a cut' })
    const [a, b] = [await lab.start('a'), await lab.start('b')]
    a.peers.connect(b.peers.self)
    await lab.until(() => a.peers.isUp('b') && b.peers.isUp('a'))
    let tries = 0
    a.peers.gate.add((frame) => {
      if (frame.kind !== FRAME.FRAGMENT) return undefined
      tries++
      return DROP
    })
    for (let i = 0; i < 40; i++) {
      a.tell('b', 1, new Uint8Array(100_000))
      await lab.pass(1)
    }
    tries = 0
    await lab.pass(1_000)
    assert.isAtMost(tries, 20)
  })

  it('connects through a gate that delays every frame', async () => {
    const c = await lab.start('c')
    c.peers.gate.add(() => late(30))
    c.peers.connect(b.peers.self)
    for (let i = 0; i < 5; i++) c.tell('b', 1, i)
    await lab.until(() => b.got.length === 5, 'all messages')
    assert.deepEqual(
      b.got.map((got) => got.args[0]),
      [0, 1, 2, 3, 4],
    )
    assert.equal(c.count('down'), 0)
  })
})

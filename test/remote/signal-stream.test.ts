import { assert } from 'chai'
import fc from 'fast-check'
import { seededRandom } from '../../src/base/random.js'
import { type Packet, SignalStream, type StreamEvent } from '../../src/remote/signal-stream.js'

const OPTIONS = { retryMs: 100, giveUpMs: 1_000 }

/** One end: a stream and what its driver would see. */
class End {
  session = 1
  stream = new SignalStream<string>(1, true, OPTIONS)
  delivered: string[] = []
  restarts = 0
  gaveUp = 0
  out: Packet<string>[] = []
  ackSoon = false
  timer = false
  #unheard = false

  step(event: StreamEvent<string>): void {
    for (const effect of this.stream.step(event)) {
      if (effect.type === 'transmit') this.out.push(effect.packet)
      else if (effect.type === 'deliver') this.delivered.push(effect.signal)
      else if (effect.type === 'restarted') this.restarts++
      else if (effect.type === 'gaveUp') this.gaveUp++
      else if (effect.type === 'ackSoon') this.ackSoon = true
      else this.timer = effect.type === 'startTimer'
    }
  }

  send(signal: string): void {
    this.step({ type: 'send', signal })
  }

  down(): void {
    this.step({ type: 'peerDown', session: ++this.session })
  }

  /** Given up, and nothing kept of it: as nodes do. */
  anew(): void {
    const unheard = this.stream.forgetsUnheard
    this.down()
    this.timer = false
    this.stream = new SignalStream(++this.session, false, OPTIONS, unheard || this.#unheard)
    this.#unheard ||= unheard
  }

  retry(): void {
    if (!this.timer) return
    this.timer = false
    this.step({ type: 'retryDue', session: ++this.session })
  }

  ack(): void {
    if (!this.ackSoon) return
    this.ackSoon = false
    this.step({ type: 'ackDue' })
  }
}

/** Carries everything both ways until nothing moves; `lose` decides per packet. */
function settle(a: End, b: End, lose: (packet: Packet<string>) => boolean = () => false): void {
  for (let round = 0; round < 100; round++) {
    if (a.out.length + b.out.length === 0 && !a.ackSoon && !b.ackSoon) return
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      for (const packet of from.out.splice(0))
        if (!lose(packet)) to.step({ type: 'packet', packet })
      from.ack()
      to.ack()
    }
  }
  assert.fail('the two ends never come to rest')
}

function rounds(a: End, b: End, count: number, lose: (packet: Packet<string>) => boolean): void {
  for (let i = 0; i < count; i++) {
    settle(a, b, lose)
    a.retry()
    b.retry()
  }
  settle(a, b, lose)
}

describe('signal-stream', () => {
  it('delivers signals once and in order', () => {
    const [a, b] = [new End(), new End()]
    for (const signal of ['1', '2', '3']) a.send(signal)
    b.send('x')
    settle(a, b)
    assert.deepEqual(b.delivered, ['1', '2', '3'])
    assert.deepEqual(a.delivered, ['x'])
    assert.equal(a.stream.pending + b.stream.pending, 0)
    assert.isFalse(a.timer || b.timer)
  })

  it('says nothing when it meets a peer for the first time', () => {
    const [a, b] = [new End(), new End()]
    a.step({ type: 'peerUp' })
    b.step({ type: 'peerUp' })
    assert.deepEqual([...a.out, ...b.out], [])
  })

  it('delivers the first signal on its first way, and with one answer', () => {
    const [a, b] = [new End(), new End()]
    a.send('1')
    const [packet] = a.out.splice(0) as [Packet<string>]
    b.step({ type: 'packet', packet })
    assert.deepEqual(b.delivered, ['1'])
    b.ack()
    assert.lengthOf(b.out, 1)
    settle(a, b)
    assert.equal(a.stream.pending, 0)
    assert.isFalse(a.timer)
  })

  it('takes no signal that names no session once a side has begun anew', () => {
    const [a, b] = [new End(), new End()]
    a.send('old')
    const [packet] = a.out.splice(0) as [Packet<string>]
    b.down()
    b.step({ type: 'packet', packet })
    assert.deepEqual(b.delivered, [])
    settle(a, b)
    assert.deepEqual(b.delivered, ['old'], 'once it knows whom it speaks to')
  })

  it('is not delivered a second time by a side that took it, forgot, and was not heard meanwhile', () => {
    const [a, b] = [new End(), new End()]
    a.send('start')
    settle(a, b, (packet) => b.out.includes(packet) || packet.yours !== 0)
    assert.deepEqual(b.delivered, ['start'])
    b.out = []
    b.down()
    b.step({ type: 'peerUp' })
    settle(a, b)
    a.retry()
    settle(a, b)
    assert.deepEqual(b.delivered, ['start'])
    assert.equal(a.restarts, 1)
    a.send('end')
    settle(a, b)
    assert.deepEqual(b.delivered, ['start', 'end'])
    assert.equal(a.stream.pending + b.stream.pending, 0)
  })

  it('sends again what was lost', () => {
    const [a, b] = [new End(), new End()]
    a.send('1')
    a.out = []
    a.send('2')
    rounds(a, b, 2, () => false)
    assert.deepEqual(b.delivered, ['1', '2'])
  })

  it('drops repeats', () => {
    const [a, b] = [new End(), new End()]
    a.send('1')
    const [packet] = a.out as [Packet<string>]
    settle(a, b)
    b.step({ type: 'packet', packet })
    settle(a, b)
    assert.deepEqual(b.delivered, ['1'])
  })

  it('keeps sending beyond its window as acknowledgements come', () => {
    const [a, b] = [new End(), new End()]
    for (let i = 0; i < 5_000; i++) a.send(String(i))
    assert.isBelow(a.out.length, 2_000)
    settle(a, b)
    assert.equal(b.delivered.length, 5_000)
    assert.equal(b.delivered.at(-1), '4999')
  })

  it('tells a peer that it was given up, as soon as it can be reached', () => {
    const [a, b] = [new End(), new End()]
    a.send('1')
    b.send('watch')
    settle(a, b)
    a.down()
    a.step({ type: 'peerUp' })
    settle(a, b)
    assert.equal(b.restarts, 1)
    b.send('watch again')
    settle(a, b)
    assert.deepEqual(a.delivered, ['watch', 'watch again'])
  })

  it('never delivers across a session what was sent before it', () => {
    const [a, b] = [new End(), new End()]
    a.send('1')
    settle(a, b)
    a.send('2')
    const old = a.out.splice(0)
    a.down()
    a.send('3')
    settle(a, b)
    for (const packet of old) b.step({ type: 'packet', packet })
    settle(a, b)
    assert.deepEqual(b.delivered, ['1', '3'])
  })

  it('comes to rest when both sides gave each other up', () => {
    const [a, b] = [new End(), new End()]
    a.send('1')
    b.send('1')
    settle(a, b)
    a.down()
    b.down()
    a.step({ type: 'peerUp' })
    b.step({ type: 'peerUp' })
    settle(a, b)
    a.send('2')
    b.send('2')
    settle(a, b)
    assert.equal(a.delivered.at(-1), '2')
    assert.equal(b.delivered.at(-1), '2')
  })

  it('is not led astray by what waited on a lane while both forgot each other', () => {
    const [a, b] = [new End(), new End()]
    a.send('1')
    b.send('1')
    settle(a, b)
    b.send('2')
    b.retry()
    const old = b.out.splice(0)
    a.session = b.session = 2
    a.stream = new SignalStream(2, false, OPTIONS)
    b.stream = new SignalStream(2, false, OPTIONS)
    a.step({ type: 'peerUp' })
    b.step({ type: 'peerUp' })
    a.send('order')
    b.out.unshift(...old)
    settle(a, b)
    assert.equal(a.restarts + b.restarts, 0)
    assert.deepEqual(a.delivered, ['1'])
    assert.deepEqual(b.delivered, ['1', 'order'])
  })

  it('gives a peer up that acknowledges nothing, and says so when it answers again', () => {
    const [a, b] = [new End(), new End()]
    b.send('watch')
    settle(a, b)
    a.send('1')
    rounds(a, b, 15, () => true)
    assert.equal(a.gaveUp, 1)
    rounds(a, b, 2, () => false)
    assert.equal(b.restarts, 1)
    assert.deepEqual(b.delivered, [])
  })

  it('delivers each signal once and in order under loss, repeats and reordering', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 60 }), (seed, count) => {
        const random = seededRandom(seed)
        const [a, b] = [new End(), new End()]
        const options = { ...OPTIONS, giveUpMs: Number.POSITIVE_INFINITY }
        a.stream = new SignalStream(1, true, options)
        b.stream = new SignalStream(1, true, options)
        for (let i = 0; i < count; i++) a.send(String(i))
        for (let round = 0; round < 400 && a.stream.pending > 0; round++) {
          for (const [from, to] of [
            [a, b],
            [b, a],
          ] as const) {
            for (const packet of random.sample(from.out.splice(0), 9_999)) {
              const times = random.int(4) === 0 ? 0 : 1 + random.int(2)
              for (let i = 0; i < times; i++) to.step({ type: 'packet', packet })
            }
            to.ack()
            from.retry()
          }
        }
        assert.equal(a.stream.pending, 0)
        assert.deepEqual(
          b.delivered,
          Array.from({ length: count }, (_, i) => String(i)),
        )
      }),
      { numRuns: 100 },
    )
  })

  it('never delivers a signal twice, and lets each side know when the other forgot it, whatever was lost', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seededRandom(seed)
        const [a, b] = [new End(), new End()]
        if (random.int(2) === 0) a.stream = new SignalStream(1, false, OPTIONS)
        const lose = () => random.int(3) === 0
        for (let i = 0; i < 20; i++) {
          const end = random.int(2) === 0 ? a : b
          const what = random.int(5)
          if (what === 0) end.down()
          else if (what === 1 && random.int(2) === 0) end.anew()
          else if (what === 1) end.step({ type: 'peerUp' })
          else end.send(`${i}`)
          if (random.int(2) === 0) rounds(a, b, 1, lose)
        }
        for (let i = 0; i < 3; i++) {
          a.step({ type: 'peerUp' })
          b.step({ type: 'peerUp' })
          rounds(a, b, 12, () => false)
        }
        for (const { delivered } of [a, b]) assert.lengthOf(new Set(delivered), delivered.length)
        const [atA, atB] = [a.delivered.length, b.delivered.length]
        a.send('end')
        b.send('end')
        rounds(a, b, 3, () => false)
        assert.deepEqual(a.delivered.slice(atA), ['end'])
        assert.deepEqual(b.delivered.slice(atB), ['end'])
        assert.equal(a.stream.pending + b.stream.pending, 0)
      }),
      { numRuns: 2_000 },
    )
  })
})

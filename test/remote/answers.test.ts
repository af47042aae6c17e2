import { assert } from 'chai'
import { ActorCounters } from '../../src/actor/actor-counters.js'
import { silentLogger } from '../../src/base/logger.js'
import { type Carrier, FULL, SENT } from '../../src/cluster/carrier.js'
import { Answers } from '../../src/remote/answers.js'
import type { InboundCall } from '../../src/remote/inbound-call.js'
import { RemotePeers } from '../../src/remote/remote-peer.js'
import type { Envelope } from '../../src/wire/envelope.js'

/** A carrier with room for so many messages at a time. */
class Narrow {
  room = 0
  /** Says that there is room, whether there is or not. */
  lies = false
  asked = 0
  readonly sent: number[] = []
  #waiters: (() => void)[] = []

  channelIndex(): number {
    return 0
  }

  send(_node: string, _channel: number, { callId }: Envelope): number {
    if (this.room === 0) return FULL
    this.room--
    this.sent.push(callId)
    return SENT
  }

  ready(): Promise<void> {
    this.asked++
    return this.lies
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#waiters.push(resolve)
        })
  }

  async makeRoom(messages: number): Promise<void> {
    this.room = messages
    for (const resolve of this.#waiters.splice(0)) resolve()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const callOf = (callId: number): InboundCall =>
  ({ peer: { name: 'b', gone: false }, channel: 0, callId, key: 0 }) as unknown as InboundCall

function answersOver(narrow: Narrow): Answers {
  const carrier = narrow as unknown as Carrier
  return new Answers(carrier, new RemotePeers(carrier), new ActorCounters(), false, silentLogger)
}

describe('answers', () => {
  it('wait until there is room, however often those before them have filled the lane', async () => {
    const carrier = new Narrow()
    const answers = answersOver(carrier)
    const all = Array.from({ length: 20 }, (_, at) => at + 1)
    for (const callId of all) answers.answer(callOf(callId), 'large')
    for (let round = 0; round < 7; round++) await carrier.makeRoom(3)
    assert.deepEqual(carrier.sent, all)
  })

  it('do not try for ever where a way says it is ready and has no room', async () => {
    const carrier = new Narrow()
    carrier.lies = true
    answersOver(carrier).answer(callOf(1), 'lost')
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(carrier.asked, 1_000)
    assert.deepEqual(carrier.sent, [])
  })
})

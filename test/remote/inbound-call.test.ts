import { assert } from 'chai'
import { InboundCall } from '../../src/remote/inbound-call.js'
import { RemotePeer } from '../../src/remote/remote-peer.js'

function setUp() {
  const said: string[] = []
  const answerer = {
    answer: (_call: InboundCall, value: unknown) => void said.push(`answer ${value}`),
    refuse: (_call: InboundCall, error: unknown) => void said.push(`refuse ${error}`),
    late: () => void said.push('late'),
  }
  const peer = new RemotePeer('b', '01'.repeat(13))
  const call = new InboundCall(answerer, peer, 7, 1, 0)
  peer.inbound.set(7, call)
  return { said, peer, call }
}

describe('inbound-call', () => {
  it('answers once; what comes later is counted', () => {
    const { said, peer, call } = setUp()
    call.reply(1)
    call.reply(2)
    call.fail('x')
    assert.deepEqual(said, ['answer 1', 'late', 'late'])
    assert.isTrue(call.settled)
    assert.equal(peer.inbound.size, 0)
  })

  it('tells who works on it, once, that the asker has given up', () => {
    const { said, call } = setUp()
    call.onAbandoned((reason) => said.push(`abandoned: ${reason}`))
    call.abandon('gone')
    call.abandon('gone')
    call.reply(1)
    assert.deepEqual(said, ['abandoned: gone', 'late'])
  })

  it('tells nobody after the answer', () => {
    const { said, call } = setUp()
    call.onAbandoned((reason) => said.push(`abandoned: ${reason}`))
    call.fail('no')
    call.abandon('gone')
    assert.deepEqual(said, ['refuse no'])
  })
})

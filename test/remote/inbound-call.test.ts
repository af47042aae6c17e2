import { assert } from 'chai'
import { type Answerer, InboundCall } from '../../src/remote/inbound-call.js'
import type { RemotePeer } from '../../src/remote/remote-peer.js'

describe('a call of another node', () => {
  const answerer: Answerer = { answer: () => {}, refuse: () => {}, late: () => {} }
  const call = (): InboundCall => {
    const peer = { inbound: new Map<number, InboundCall>() } as unknown as RemotePeer
    return new InboundCall(answerer, peer, 1, 0, 0)
  }

  it('tells that its asker gave up, also to who asks afterwards', () => {
    const heard: unknown[] = []
    const given = call()
    given.onAbandoned((reason) => heard.push('before', reason))
    given.abandon('deadline')
    given.onAbandoned((reason) => heard.push('after', reason))
    given.abandon('again')
    assert.deepEqual(heard, ['before', 'deadline', 'after', 'deadline'])
  })

  it('that was answered is not given up any more', () => {
    const answered = call()
    answered.reply(1)
    answered.abandon('deadline')
    answered.onAbandoned(() => assert.fail('it was answered'))
  })
})

import { assert } from 'chai'
import { ownAddresses } from '../../src/world/real/own-addresses.js'
import { tcpNetwork } from '../../src/world/real/tcp-network.js'

describe('the addresses of a listener', () => {
  it('is the one it is bound to', () => {
    assert.deepEqual(ownAddresses('10.1.2.3', 9), [{ host: '10.1.2.3', port: 9 }])
    assert.deepEqual(ownAddresses('example.com', 9), [{ host: 'example.com', port: 9 }])
  })

  for (const host of ['0.0.0.0', '::']) {
    it(`are those of the interfaces when it is bound to ${host}, and each can be dialled`, async () => {
      const listener = await tcpNetwork.listen({ host, port: 0 }, (connection) => {
        connection.attach({ onData() {}, onDrain() {}, onClose() {} })
      })
      const { address, addresses } = listener
      assert.isAbove(addresses.length, 0)
      assert.isAtMost(addresses.length, 8)
      for (const at of addresses) {
        assert.notInclude(['0.0.0.0', '::'], at.host)
        assert.equal(at.port, address.port)
        const connection = await tcpNetwork.connect(at, { timeoutMs: 2_000 })
        connection.attach({ onData() {}, onDrain() {}, onClose() {} })
        connection.destroy()
      }
      await listener.close()
    })
  }
})

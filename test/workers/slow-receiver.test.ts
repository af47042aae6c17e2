import { slowReceiver } from '../contracts/slow-receiver.js'
import { OverPorts } from './over-ports.js'

describe('a slow receiver over ports', () => {
  it('stops its sender on its channel [ports]', async () => {
    const env = new OverPorts()
    try {
      await slowReceiver(env)
    } finally {
      await env.close()
    }
  }).timeout(20_000)
})

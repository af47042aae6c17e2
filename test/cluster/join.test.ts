import { assert } from 'chai'
import { codeOf, type ErrorCode, TroupeError } from '../../src/base/errors.js'
import { seededRandom } from '../../src/base/random.js'
import { Join } from '../../src/cluster/join.js'
import type { Member } from '../../src/overlay/overlay.js'
import { Simulation } from '../../src/simulation/simulation.js'
import { addressOf, incarnationFor } from '../overlay/core-network.js'
import { FakeTransport } from './fake-transport.js'

const b: Member = {
  name: 'b',
  incarnation: incarnationFor(2),
  generation: 2,
  addresses: [addressOf('b')],
  tags: [],
}

const failure = (code: ErrorCode): TroupeError => new TroupeError(code, 'told to fail')

describe('join', () => {
  function joining(introductions: (Member | Error)[], timeoutMs = 1_000) {
    const sim = new Simulation({ seed: 4 })
    const transport = new FakeTransport()
    transport.introductions = introductions
    const usable = new Set<string>()
    const contacts: string[] = []
    const join = new Join(
      {
        transport,
        clock: sim.world('me').clock,
        random: seededRandom(1),
        contact: (peer) => contacts.push(peer.name),
        isUsable: (name) => usable.has(name),
      },
      addressOf('b'),
      timeoutMs,
    )
    const end = join.promise.then(
      (name) => name,
      (error: Error) => error,
    )
    return { sim, transport, usable, contacts, join, end }
  }

  it('waits until the contact can be used', async () => {
    const { sim, usable, contacts, join, end } = joining([failure('ERR_CONNECT'), b])
    await sim.run(500)
    assert.deepEqual(contacts, ['b'])
    join.check()
    assert.isFalse(join.isSettled)
    usable.add('b')
    join.check()
    assert.equal(await end, 'b')
  })

  it('says at its deadline that the contact did not let it in', async () => {
    const { sim, end } = joining([b])
    await sim.run(1_100)
    const error = await end
    assert.equal(codeOf(error), 'ERR_JOIN_TIMEOUT')
    assert.match(String(error), /b:9000.*1000 ms; b answered, but did not let this node in/)
  })

  it('ends by its deadline though the transport never answers', async () => {
    const { sim, end } = joining([])
    await sim.run(1_100)
    assert.match(String(await end), /nothing answered.*ERR_JOIN_TIMEOUT/)
  })

  const cases: readonly (readonly [ErrorCode, boolean])[] = [
    ['ERR_CONNECT', true],
    ['ERR_HANDSHAKE', true],
    ['ERR_HANDSHAKE_TIMEOUT', true],
    ['ERR_TOO_MANY_CONNECTIONS', true],
    ['ERR_NAME_TAKEN', false],
    ['ERR_COOKIE', false],
    ['ERR_PROTOCOL', false],
    ['ERR_OVERLAY_MISMATCH', false],
    ['ERR_JOIN_SELF', false],
  ]
  for (const [code, retried] of cases) {
    it(`${retried ? 'tries again after' : 'rejects at once with'} ${code}`, async () => {
      const { sim, transport, end } = joining([failure(code)])
      await sim.run(1_100)
      assert.equal(codeOf(await end), retried ? 'ERR_JOIN_TIMEOUT' : code)
      assert.equal(transport.introduced > 1, retried)
    })
  }
})

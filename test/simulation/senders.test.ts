import { assert } from 'chai'
import { fullMesh } from '../../src/overlay/full-mesh.js'
import { OverlayTown } from '../../src/simulation/overlay-town.js'
import { Senders, type SendersOption } from '../../src/simulation/senders.js'

function town(): OverlayTown {
  const factory = fullMesh()
  const built = new OverlayTown({ seed: 1, nodes: 10, overlay: () => factory })
  built.assemble()
  return built
}

const names = (senders: Senders, count: number): string[] =>
  Array.from({ length: count }, () => senders.next().name)

describe('senders of broadcasts', () => {
  const TABLE: readonly (readonly [SendersOption, number])[] = [
    ['one', 1],
    [3, 3],
    [99, 10],
  ]
  for (const [option, count] of TABLE) {
    it(`take turns: ${option} of ten nodes`, () => {
      const { network, random } = town()
      const sent = names(new Senders(network, random, option), 2 * count)
      assert.equal(new Set(sent.slice(0, count)).size, count)
      assert.deepEqual(sent.slice(count), sent.slice(0, count))
    })
  }

  it('are drawn anew each time, where there are many', () => {
    const { network, random } = town()
    assert.isAbove(new Set(names(new Senders(network, random, 'many'), 30)).size, 5)
  })

  it('are replaced by others when they die, and those stay', () => {
    const { network, random } = town()
    const senders = new Senders(network, random, 2)
    const first = senders.next()
    const second = senders.next()
    network.crash(first)
    const third = senders.next()
    assert.isTrue(third.alive)
    assert.equal(senders.next(), second)
    assert.equal(senders.next(), third)
  })
})

import { assert } from 'chai'
import { oneForOne } from '../../src/supervision/strategies.js'
import { Probe, Probes, Sup } from './probe.js'
import { SupervisedNode } from './supervised-node.js'

describe('try', () => {
  it('works', async () => {
    const node = new SupervisedNode()
    const probes = new Probes()
    const sup = await node.up(Sup, {
      strategy: oneForOne(),
      children: [probes.child('a'), probes.child('b')],
    })
    assert.equal(probes.happened, '+a +b')
    assert.deepEqual(await sup.ask.countChildren(), {
      specs: 2,
      active: 2,
      supervisors: 0,
      workers: 2,
    })
    const a = node.system.node.lookup(Probe, 'a')
    await a.ask.crash().catch(() => {})
    await node.settle()
    assert.equal(probes.happened, '-a +a')
    await node.end(sup, { type: 'shutdown' })
    assert.equal(probes.happened, '-b -a')
    console.log(node.log.lines, node.clock.pending)
  })
})

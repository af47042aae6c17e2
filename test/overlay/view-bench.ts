import { assert } from 'chai'
import type { Member, OverlayFactory } from '../../src/overlay/overlay.js'
import { CoreNetwork, type CoreNode, incarnationFor } from './core-network.js'
import { replaced, stranger } from './overlay-bench.js'

/** What holds for one node after whatever happened to it. */
export type Invariant = (node: CoreNode) => void

const EVENTS = 10_000
const NODES = 8

/**
 * 10,000 events of nodes that crash, start, join, leave and remove each other, of cuts, of messages that
 * get lost or come twice, and of real messages come again, forged or from strangers; the invariant is
 * looked at all the way, and at the end those that are in find together again.
 */
export function disturbed(factory: OverlayFactory, seed: number | string, holds: Invariant): void {
  const net = new CoreNetwork({ seed, lossRate: 0.05, duplicateRate: 0.05 })
  const names = Array.from({ length: NODES }, (_, i) => `n${String(i).padStart(2, '0')}`)
  const back = (name: string): void => {
    net.start(name, factory)
    const others = net.alive().filter((node) => node.name !== name)
    if (others.length > 0) net.join(name, net.random.pick(others).name)
  }
  for (const name of names) back(name)
  net.run(5_000)
  for (let i = 0; i < EVENTS; i++) {
    happen(net, names, back)
    const looked = i % 50 === 0 ? net.alive() : [net.node(net.random.pick(names))]
    for (const node of looked) holds(node)
  }
  net.heal()
  for (const name of names) {
    net.start(name, factory) // all anew: what was forged is gone with those it was told
    if (name !== names[0]) net.join(name, names[0] as string)
    net.run(500)
  }
  net.run(120_000)
  for (const node of net.alive()) holds(node)
  const reached = new Set([names[0] as string])
  for (const name of reached) for (const other of net.node(name).connected()) reached.add(other)
  assert.equal(reached.size, NODES, 'they did not find together again')
}

function happen(net: CoreNetwork, names: readonly string[], back: (name: string) => void): void {
  const name = net.random.pick(names)
  const node = net.node(name)
  const draw = net.random.int(1_000)
  if (draw < 4) net.crash(name, draw < 2)
  else if (draw < 20) {
    if (!node.alive) back(name)
  } else if (draw < 23) net.leave(name, net.random.int(3) > 0 ? name : net.random.pick(names))
  else if (draw < 24) net.partition(names.slice(0, 3), names.slice(3))
  else if (draw < 28) net.heal()
  else if (draw < 36) {
    if (node.alive) net.join(name, net.random.pick(names))
  } else if (draw < 400) forge(net, node)
  else net.run(net.random.int(80))
}

/** A message that was sent once, as it was or with something replaced, from anybody. */
function forge(net: CoreNetwork, to: CoreNode): void {
  const { received } = net.node(net.random.pick([...net.nodes.keys()]))
  if (received.length === 0) return
  const { from, body } = net.random.pick(received)
  const path = Array.from({ length: 1 + net.random.int(4) }, () => net.random.int(8))
  const told = net.random.int(2) === 0 ? body : replaced(body, path, junk(net))
  net.inject(to.name, net.random.int(4) === 0 ? stranger() : from, told)
}

function junk(net: CoreNetwork): unknown {
  const made: Member = { ...stranger(), name: `f${net.random.int(50)}` }
  const incarnation = incarnationFor(20_000 + net.random.int(50))
  return net.random.pick<unknown>([
    null,
    -1,
    2 ** 52,
    'n03',
    [],
    [made.name, incarnation, 7, [['f', 9_000]], []],
    Array.from({ length: 100 }, () => 1),
  ])
}

import { assert } from 'chai'
import {
  choosePlace,
  leastLoaded,
  type On,
  type Relocate,
  relocatedPlace,
} from '../../src/supervision/relocation.js'
import { place, view } from './core-script.js'

const load = new Map([
  ['b', 2],
  ['me', 1],
])

describe('choice of a place', () => {
  const table: [name: string, on: On | undefined, nodes: string[], chosen: string | undefined][] = [
    ['is the own node by default', undefined, ['b'], 'me'],
    ['is the node named', 'b', ['b', 'c'], 'b'],
    ['is none while the named node cannot be reached', 'd', ['b', 'c'], undefined],
    ['is the node with the fewest children for leastLoaded', leastLoaded, ['b', 'c'], 'c'],
    ['is what a function says', (members) => members.at(-1)?.name, ['b', 'c'], 'me'],
    ['is none when a function names no reachable member', () => 'x', ['b'], undefined],
    ['is none when a function has none to name', () => undefined, ['b'], undefined],
  ]
  for (const [name, on, nodes, chosen] of table) {
    it(name, () => assert.equal(choosePlace('a', on, view(...nodes), load)?.node, chosen))
  }

  it('reports a function that throws with the id of the child', () => {
    const on = () => {
      throw new Error('no idea')
    }
    assert.throws(() => choosePlace('a', on, view(), load), /child 'a' threw \(ERR_NO_PLACE\)/)
  })
})

describe('choice of a place after the loss of a node', () => {
  const halfGone = { ...view('c'), total: 4 }
  const table: [
    name: string,
    relocate: Relocate,
    on: On,
    v: typeof halfGone,
    to: string | undefined,
  ][] = [
    ['goes to the least loaded node that is left', 'afterDown', 'b', view('c'), 'c'],
    ['follows a function of the members', 'afterDown', () => 'me', view('c'), 'me'],
    ['waits with never', 'never', 'b', view('c'), undefined],
    ['returns to the same node with never', 'never', () => 'c', view('b', 'c'), 'b'],
    ['goes with a majority in sight', 'majority', 'b', { ...view('c'), total: 3 }, 'c'],
    ['waits with exactly half in sight', 'majority', 'b', halfGone, undefined],
  ]
  for (const [name, relocate, on, members, to] of table) {
    it(name, () => {
      assert.equal(relocatedPlace('a', on, relocate, place('b'), members, load)?.node, to)
    })
  }
})

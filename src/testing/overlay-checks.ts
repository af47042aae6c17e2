import type { Member, OverlayEffect } from '../overlay/overlay.js'
import { assert } from './assertion.js'
import type { CoreNode } from './core-node.js'

/** The membership as the stream of differences tells it. */
export class ReplayedView {
  readonly #self: Member
  readonly #members = new Map<string, string>()

  constructor(self: Member) {
    this.#self = self
  }

  apply(effect: OverlayEffect): void {
    if (effect.type === 'memberJoined') {
      const { name, incarnation } = effect.member
      assert.notEqual(name, this.#self.name, 'a node is told that it joined itself')
      assert.isUndefined(this.#members.get(name), `${name} joined twice`)
      this.#members.set(name, incarnation)
    } else if (effect.type === 'memberLeft') {
      const { name, incarnation } = effect.member
      assert.equal(this.#members.get(name), incarnation, `${name} left and was not there`)
      this.#members.delete(name)
    }
  }

  /** Names with incarnations, this node included, sorted. */
  list(): string[] {
    const all = [...this.#members, [this.#self.name, this.#self.incarnation] as const]
    return all.map(([name, incarnation]) => `${name}/${incarnation}`).sort()
  }
}

/** What holds after every step of every overlay. */
export function checkStep(node: CoreNode, effects: readonly OverlayEffect[]): void {
  for (const effect of effects) node.view.apply(effect)
  const { overlay, name } = node
  const members = overlay.members()
  const names = members.map((member) => member.name)
  assert.deepEqual(names, [...new Set(names)].sort(), `members of ${name} are unsorted or repeated`)
  assert.include(names, name, `members of ${name} lack itself`)
  assert.deepEqual(
    members.map((member) => `${member.name}/${member.incarnation}`).sort(),
    node.view.list(),
    `members of ${name} and its stream of differences disagree`,
  )
  const neighbours = overlay.neighbours()
  assert.equal(new Set(neighbours).size, neighbours.length, `neighbours of ${name} repeated`)
  assert.notInclude(neighbours, name, `${name} is its own neighbour`)
  assert.isUndefined(overlay.nextHop(name), `${name} has a way to itself`)
}

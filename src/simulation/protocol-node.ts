import type { Member, Overlay } from '../overlay/overlay.js'

/** One node of a protocol network: the core of its overlay, and the little its driver knows. */
export class ProtocolNode {
  /** Its number in the network. */
  readonly id: number
  readonly member: Member
  readonly overlay: Overlay
  alive = true
  /** Its place in the list of those that are alive; kept by the network. */
  place = -1
  /** Timers that run: which start of the name counts. */
  readonly timers = new Map<string, number>()
  readonly #idOf: (name: string) => number
  #neighbours: Int32Array | undefined

  constructor(id: number, member: Member, overlay: Overlay, idOf: (name: string) => number) {
    this.id = id
    this.member = member
    this.overlay = overlay
    this.#idOf = idOf
  }

  get name(): string {
    return this.member.name
  }

  /** Numbers of the peers its overlay wants to be connected to; read once a step. */
  neighbours(): Int32Array {
    this.#neighbours ??= this.#read()
    return this.#neighbours
  }

  /** Its overlay made a step: what was read of it may be old. */
  stepped(): void {
    this.#neighbours = undefined
  }

  #read(): Int32Array {
    const names = this.overlay.neighbours()
    const ids = new Int32Array(names.length)
    let count = 0
    for (const name of names) {
      const id = this.#idOf(name)
      if (id >= 0) ids[count++] = id
    }
    return count === ids.length ? ids : ids.slice(0, count)
  }
}

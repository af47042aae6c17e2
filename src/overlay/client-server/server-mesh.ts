import type { Random } from '../../base/random.js'
import { FullMesh } from '../full-mesh.js'
import { readFullMeshOptions } from '../full-mesh-options.js'
import { sameIncarnation } from '../member.js'
import type { Member, OverlayEffect, OverlayEvent } from '../overlay.js'
import { SERVERS_TOLD, wire } from './client-server-message.js'
import type { ClientServerOptions } from './client-server-options.js'

/** Timers of the mesh, by name. */
const MESH = 'mesh/'

/** What the mesh of servers stands on: the core of one of them. */
export interface MeshGround {
  readonly self: Member
  readonly options: ClientServerOptions
  readonly random: Random
  /** The peer of that name that is connected. */
  up(name: string): Member | undefined
  /** An effect of the mesh, its messages wrapped and its timers renamed. */
  perform(effect: OverlayEffect): void
  /** A server is a member and connected: both shall compare their clients. */
  greet(server: string): void
}

/** The servers among themselves: a `FullMesh` core that sees nobody else. */
export class ServerMesh {
  readonly #ground: MeshGround
  readonly #mesh: FullMesh
  /** Peers of which the mesh knows that they are connected. */
  readonly #told = new Set<string>()
  readonly #greeted = new Set<string>()

  constructor(ground: MeshGround) {
    const { self, random } = ground
    const { gossipMs, removedMax } = ground.options
    const options = readFullMeshOptions({ gossipMs, removedMax })
    this.#ground = ground
    this.#mesh = new FullMesh(self, random.fork('mesh'), options)
  }

  get isOut(): boolean {
    return this.#mesh.isOut
  }

  /** Connected servers. */
  get connected(): ReadonlySet<string> {
    return this.#greeted
  }

  /** This server included. */
  members(): readonly Member[] {
    return this.#mesh.members()
  }

  stored(): unknown {
    return this.#mesh.stored()
  }

  member(name: string): Member | undefined {
    return this.#mesh.member(name)
  }

  neighbours(): readonly string[] {
    return this.#mesh.neighbours()
  }

  nextHop(destination: string): string | undefined {
    return this.#mesh.nextHop(destination)
  }

  /** True for another member, in this very incarnation. */
  has(peer: Member): boolean {
    const member = this.#mesh.member(peer.name)
    return (
      member !== undefined && sameIncarnation(member, peer) && peer.name !== this.#ground.self.name
    )
  }

  /** True when the mesh deals with the connection of that peer. */
  knows(name: string): boolean {
    return this.#told.has(name)
  }

  /** Other servers, a sample. */
  others(): Member[] {
    const others = this.members().filter(({ name }) => name !== this.#ground.self.name)
    return this.#ground.random.sample(others, SERVERS_TOLD)
  }

  /** A connected peer is a server, or believed to be one. */
  peerUp(peer: Member): void {
    if (this.#told.has(peer.name)) return
    this.#told.add(peer.name)
    this.step({ type: 'peerUp', peer })
  }

  peerDown(event: OverlayEvent & { type: 'peerDown' }): void {
    this.#greeted.delete(event.peer)
    if (this.#told.delete(event.peer)) this.step(event)
  }

  /** False: the timer is none of the mesh. */
  timer(name: string): boolean {
    if (!name.startsWith(MESH)) return false
    this.step({ type: 'timer', name: name.slice(MESH.length) })
    return true
  }

  step(event: OverlayEvent): void {
    for (const effect of this.#mesh.step(event)) this.#perform(effect)
    for (const name of this.#mesh.neighbours()) {
      const peer = this.#greeted.has(name) ? undefined : this.#ground.up(name)
      if (peer === undefined) continue
      this.peerUp(peer)
      if (this.#greeted.has(name) || !this.has(peer)) continue
      this.#greeted.add(name)
      this.#ground.greet(name)
    }
  }

  #perform(effect: OverlayEffect): void {
    switch (effect.type) {
      case 'send':
        this.#ground.perform({ ...effect, body: wire.mesh(effect.body) })
        break
      case 'startTimer':
        this.#ground.perform({ ...effect, name: MESH + effect.name })
        break
      case 'cancelTimer':
        this.#ground.perform({ ...effect, name: MESH + effect.name })
        break
      case 'memberLeft':
        this.#greeted.delete(effect.member.name)
        this.#ground.perform(effect)
        break
      default:
        this.#ground.perform(effect)
    }
  }
}

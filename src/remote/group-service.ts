import { EventEmitter } from 'eventemitter3'
import type { Actor } from '../actor/actor.js'
import type { ActorSystem } from '../actor/actor-system.js'
import { type AnyActorClass, classNamed } from '../actor/class-registry.js'
import { Definition } from '../actor/definition.js'
import { MethodDefinition } from '../actor/method-definition.js'
import type { AnyRef } from '../actor/ref.js'
import type { SendOptions } from '../actor/send-options.js'
import { codeOf, TroupeError } from '../base/errors.js'
import { actorId, incarnationOf, serialOf } from '../base/identity.js'
import type { Logger } from '../base/logger.js'
import { badOption, show } from '../base/options.js'
import { unreachable } from '../base/unreachable.js'
import type { Carrier, Member } from '../cluster/carrier.js'
import type { Codec } from '../wire/codec.js'
import type { EncodedBody } from '../wire/envelope.js'
import type { Timer } from '../world/clock.js'
import type { World } from '../world/world.js'
import type { Control } from './control.js'
import { Group } from './group.js'
import {
  decodeGroupMessage,
  encodeGroupMessage,
  GROUP_NAME_CHARS,
  isGroupName,
} from './group-messages.js'
import type { GroupMember } from './group-state.js'
import { Groups, type GroupsOptions } from './groups.js'
import type { GroupsCore, GroupsEffect, GroupsEvent } from './groups-event.js'
import type { Outbox } from './outbox.js'
import { SpreadGroups, type SpreadGroupsOptions } from './spread-groups.js'
import { decodeSpreadMessage, encodeSpreadMessage } from './spread-messages.js'

/** Who came and went in one group. */
export interface GroupChanged {
  readonly group: string
  readonly joined: readonly AnyRef[]
  readonly left: readonly AnyRef[]
}

export interface GroupEvents {
  groupChanged: [changed: GroupChanged]
}

/**
 * Process groups over the cluster: a local view of who belongs to which, eventually consistent, and
 * broadcasts to it, at most once. An actor that ends leaves by itself, a node that goes down takes its
 * actors out of the view. Where all nodes are connected they tell each other straight; over other
 * overlays they broadcast.
 */
export class GroupService {
  readonly events = new EventEmitter<GroupEvents>()
  readonly #world: Pick<World, 'clock' | 'turn'>
  readonly #system: ActorSystem
  readonly #carrier: Carrier
  readonly #codec: Codec
  readonly #control: Control
  readonly #outbox: Outbox
  readonly #options: ServiceOptions
  readonly #log: Logger
  readonly #refs = new WeakMap<GroupMember, AnyRef>()
  #started: GroupsCore | undefined
  #timer: Timer | undefined
  #closed = false

  constructor(parts: {
    readonly world: Pick<World, 'clock' | 'turn'>
    readonly system: ActorSystem
    readonly carrier: Carrier
    readonly codec: Codec
    readonly control: Control
    readonly outbox: Outbox
    readonly options: ServiceOptions
    readonly log: Logger
  }) {
    this.#world = parts.world
    this.#system = parts.system
    this.#carrier = parts.carrier
    this.#codec = parts.codec
    this.#control = parts.control
    this.#outbox = parts.outbox
    this.#options = parts.options
    this.#log = parts.log
    const onFinished: ActorSystem['onFinished'] = (cell) => {
      if (this.#started !== undefined && this.#core.ownCount > 0)
        this.#step({ type: 'actorEnded', serial: cell.serial })
    }
    parts.system.onFinished = onFinished
    parts.control.handle('groups', (from, args) => this.#received(from, args))
    parts.carrier.onBroadcast(NEWS, (message, from, late) => this.#heard(message, from, late))
    parts.control.handle('groups.join', (_from, args) => this.#asked('join', args))
    parts.control.handle('groups.leave', (_from, args) => this.#asked('leave', args))
  }

  /** A typed handle of a group whose members are of this class, or offer its methods. */
  group<A extends Actor<unknown>>(actorClass: abstract new () => A, name: string): Group<A> {
    checkName(name)
    return new Group<A>(this, Definition.of(actorClass as AnyActorClass), name)
  }

  /**
   * Adds an actor of any node to a group; nothing happens when it is in it. For an actor of this node
   * it is done when the call returns, else when its node has answered.
   *
   * @throws TroupeError (as a rejection) ERR_NO_ACTOR, ERR_BAD_OPTION for a bad name, ERR_TOO_MANY_BONDS
   *   when this node's actors hold `membershipsMax` memberships; and those of a request to another node
   */
  async join(group: string, ref: AnyRef): Promise<void> {
    checkName(group)
    if (this.#system.isLocal(ref)) this.#joinHere(group, this.#system.cellOf(ref)?.serial)
    else await this.#control.request(ref.node, 'groups.join', [group, addressOf(ref)])
  }

  /** Takes an actor out of a group; nothing happens when it is not in it. Otherwise as `join`. */
  async leave(group: string, ref: AnyRef): Promise<void> {
    checkName(group)
    if (this.#system.isLocal(ref)) this.#leaveHere(group, this.#system.cellOf(ref)?.serial)
    else await this.#control.request(ref.node, 'groups.leave', [group, addressOf(ref)])
  }

  /** Members as known here, by node and age. */
  members(group: string): readonly AnyRef[] {
    return this.#core.members(group).map((member) => this.#refOf(member))
  }

  /** Members on this node, by age. */
  localMembers(group: string): readonly AnyRef[] {
    return this.#core.localMembers(group).map((member) => this.#refOf(member))
  }

  /** Groups that have a member, sorted. */
  names(): readonly string[] {
    return this.#core.names()
  }

  /**
   * Sends a message to every member known here. True when all took it and are below their high-water
   * marks; what could not be sent is a dead letter each. Members without such a method refuse it.
   *
   * @throws TroupeError ERR_NOT_SERIALIZABLE and ERR_TOO_LARGE, before anything is sent
   */
  broadcast(
    group: string,
    method: string | MethodDefinition,
    args: readonly unknown[] = [],
    options?: SendOptions,
  ): boolean {
    const members = this.#core.members(group)
    const { nodeName } = this.#system
    let body: EncodedBody | undefined
    if (members.some((member) => member.node !== nodeName)) body = this.#codec.encodeArgs(args)
    let all = true
    for (const member of members) {
      const ref = this.#refOf(member)
      const sent =
        member.node === nodeName
          ? this.#tellHere(ref, method, args)
          : this.#tellThere(ref, methodOf(ref, method), args, body, options)
      all = sent && all
    }
    return all
  }

  /** That it can be encoded is known: what is too large for this one node may be right for the others. */
  #tellThere(
    ref: AnyRef,
    method: MethodDefinition,
    args: readonly unknown[],
    body: EncodedBody | undefined,
    options: SendOptions | undefined,
  ): boolean {
    try {
      return this.#outbox.send(ref, method, args, body, options)
    } catch (error) {
      if (codeOf(error) !== 'ERR_TOO_LARGE') throw error
      this.#system.deadLetter(ref, method.name, args, 'ERR_TOO_LARGE')
      return false
    }
  }

  #tellHere(ref: AnyRef, method: string | MethodDefinition, args: readonly unknown[]): boolean {
    const name = typeof method === 'string' ? method : method.name
    const cell = this.#system.cellOf(ref)
    const own = cell?.definition.method(name)
    if (cell !== undefined && own !== undefined) return cell.tell(ref, own, args)
    if (cell === undefined) this.#system.deadLetter(ref, name, args, 'ERR_STOPPED')
    else this.#system.unknownMethod(ref, name, args, undefined)
    return false
  }

  nodeUp(node: Member): void {
    this.#step({ type: 'nodeUp', node })
  }

  nodeDown(node: Member): void {
    this.#step({ type: 'nodeDown', node })
  }

  close(): void {
    if (this.#started !== undefined) this.#step({ type: 'closing' })
    this.#closed = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #joinHere(group: string, serial: number | undefined): void {
    const cell = serial === undefined ? undefined : this.#system.cell(serial)
    if (cell === undefined) throw noActor(this.#system.nodeName)
    const { membershipsMax } = this.#options
    if (this.#core.ownCount >= membershipsMax) {
      const detail = `${this.#system.nodeName} holds ${membershipsMax} group memberships`
      throw new TroupeError('ERR_TOO_MANY_BONDS', detail)
    }
    const actorType = cell.definition.type
    this.#step({ type: 'join', group, serial: cell.serial, actorType })
  }

  #leaveHere(group: string, serial: number | undefined): void {
    if (serial !== undefined) this.#step({ type: 'leave', group, serial })
  }

  #asked(op: 'join' | 'leave', [group, to]: readonly unknown[]): void {
    if (!isGroupName(group)) {
      throw new TroupeError('ERR_BAD_OPTION', `${show(group)} cannot be the name of a group`)
    }
    const [incarnation, serial] = Array.isArray(to) ? (to as readonly unknown[]) : []
    let target: number | undefined
    if (typeof to === 'string') target = this.#system.named(to)?.serial
    else if (incarnation === this.#system.incarnation) target = Number(serial)
    if (op === 'join') this.#joinHere(group, target)
    else this.#leaveHere(group, target)
  }

  #received(from: Member, args: readonly unknown[]): void {
    const message = decodeGroupMessage(args)
    if (message === undefined) {
      throw new TroupeError('ERR_DECODE', `node ${from.name} sent a malformed message about groups`)
    }
    this.#step({ type: 'message', from, message })
  }

  #heard(wire: unknown, from: Member, late: boolean): void {
    if (this.#carrier.direct || this.#closed) return
    const message = decodeSpreadMessage(wire)
    if (message !== undefined) this.#step({ type: 'news', from, message, late })
    else this.#log.warn({ node: from.name }, 'a broadcast about groups is malformed')
  }

  /** Which way it is follows from the overlay, which is there once the node has started. */
  get #core(): GroupsCore {
    const { direct, self } = this.#carrier
    this.#started ??= new (direct ? Groups : SpreadGroups)(self, this.#options)
    return this.#started
  }

  #step(event: GroupsEvent): void {
    for (const effect of this.#core.step(event)) this.#perform(effect)
  }

  #perform(effect: GroupsEffect): void {
    switch (effect.type) {
      case 'send':
        this.#control.notify(effect.to, 'groups', encodeGroupMessage(effect.message))
        return
      case 'tellAll':
        this.#tellAll(encodeSpreadMessage(effect.message))
        return
      case 'changed':
        this.#changed(effect.change.group, effect.change.joined, effect.change.left)
        return
      case 'overflow':
        this.#log.warn(
          { node: effect.node, limit: this.#options.membershipsMax },
          'a node announces too many group memberships: the rest is left out',
        )
        return
      case 'flushSoon':
        this.#world.turn.micro(() => {
          if (!this.#closed) this.#step({ type: 'flushDue' })
        })
        return
      case 'startTimer':
        if (this.#closed) return
        this.#timer = this.#world.clock.after(
          effect.delayMs,
          () => this.#step({ type: 'retryDue' }),
          true,
        )
        return
      default:
        unreachable(effect)
    }
  }

  #tellAll(wire: readonly unknown[]): void {
    try {
      this.#carrier.broadcast(NEWS, wire)
    } catch (error) {
      this.#log.debug({ error }, 'news about groups could not be broadcast')
    }
  }

  #changed(group: string, joined: readonly GroupMember[], left: readonly GroupMember[]): void {
    if (this.events.listenerCount('groupChanged') === 0) return
    const refs = (members: readonly GroupMember[]) => members.map((member) => this.#refOf(member))
    try {
      this.events.emit('groupChanged', { group, joined: refs(joined), left: refs(left) })
    } catch (error) {
      this.#log.error({ err: error }, 'a listener of groupChanged threw')
    }
  }

  #refOf(member: GroupMember): AnyRef {
    let ref = this.#refs.get(member)
    if (ref === undefined) {
      const { node, incarnation, type, serial } = member
      ref = this.#system.refAt({ node, type, id: actorId(incarnation, serial), name: undefined })
      this.#refs.set(member, ref)
    }
    return ref
  }

  /** The node this service runs on, for handles. */
  get node(): string {
    return this.#carrier.self.name
  }
}

type ServiceOptions = GroupsOptions & SpreadGroupsOptions

/** The handler of broadcasts about groups. */
const NEWS = 'troupe/groups'

/** As the receiver's class knows it; a class that is not registered here gets the bare name. */
function methodOf(ref: AnyRef, method: string | MethodDefinition): MethodDefinition {
  if (typeof method !== 'string') return method
  const known = classNamed(ref.type) === undefined ? undefined : ref.definition.method(method)
  return known ?? new MethodDefinition('', method, 0, {})
}

const addressOf = (ref: AnyRef): unknown =>
  ref.id === undefined ? ref.name : [incarnationOf(ref.id), serialOf(ref.id)]

const noActor = (node: string): TroupeError =>
  new TroupeError('ERR_NO_ACTOR', `node ${node} has no such actor to join a group`)

function checkName(name: string): void {
  if (isGroupName(name)) return
  throw badOption('group', `a name of 1 to ${GROUP_NAME_CHARS} characters`, name)
}

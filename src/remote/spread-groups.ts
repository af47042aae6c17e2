import { unreachable } from '../base/unreachable.js'
import type { Member } from '../cluster/carrier.js'
import type { GroupEntry, GroupOp } from './group-messages.js'
import { GroupChanges, type GroupMember, GroupState } from './group-state.js'
import { byNodeAndAge, GroupViews } from './group-views.js'
import type { GroupsCore, GroupsEffect, GroupsEvent } from './groups-event.js'
import { OwnGroups } from './own-groups.js'
import { SPREAD_BATCH, type SpreadMessage, type WantedNode } from './spread-messages.js'

export interface SpreadGroupsOptions {
  /** A node with actors in groups says so this often, in ms. */
  readonly refreshMs: number
  /** Memberships accepted from one node; more are dropped and reported. */
  readonly membershipsMax: number
}

/** A node that was not heard of for more than so many rounds is no more: its actors leave the view. */
const LEASE_ROUNDS = 3
const AUTHORS_MAX = 16_384
/** The state is told out of turn so often in a round; then at the next. */
const ANSWERS_MAX = 2
/** Changes of one node that came ahead of those before them. */
const EARLY_MAX = 32

/**
 * Process groups where a node is connected to few others: every node broadcasts the changes of its own
 * memberships, and once a round that it is there. Nobody can know otherwise that a far node went down;
 * so what it vouches for is a lease, which ends when its word does not come for some rounds. Who lacks a
 * node's state says so, to all: so each state travels once, however many lack it.
 */
export class SpreadGroups implements GroupsCore {
  readonly #own: OwnGroups
  readonly #options: SpreadGroupsOptions
  readonly #authors = new Map<string, Author>()
  readonly #views = new GroupViews(() => this.#states())
  /** The version of our state that all were told. */
  #told = 0
  #flushing = false
  #timer = false
  #round = 0
  /** Somebody lacks our state. */
  #wanted = false
  /** How often it was told out of turn in this round. */
  #answers = 0
  #hasAsked = false

  constructor(self: Pick<Member, 'name' | 'incarnation'>, options: SpreadGroupsOptions) {
    this.#own = new OwnGroups(self)
    this.#options = options
  }

  members(group: string): readonly GroupMember[] {
    return this.#views.members(group)
  }

  localMembers(group: string): readonly GroupMember[] {
    return [...this.#own.state.membersOf(group)].sort(byNodeAndAge)
  }

  names(): readonly string[] {
    return this.#views.names()
  }

  get ownCount(): number {
    return this.#own.state.count
  }

  step(event: GroupsEvent): readonly GroupsEffect[] {
    const effects: GroupsEffect[] = []
    const changes = new GroupChanges()
    switch (event.type) {
      case 'join':
        if (this.#own.join(event.group, event.serial, event.actorType, changes))
          this.#flush(effects)
        break
      case 'leave':
        if (this.#own.leave(event.group, event.serial, changes)) this.#flush(effects)
        break
      case 'actorEnded':
        if (this.#own.actorEnded(event.serial, changes)) this.#flush(effects)
        break
      case 'news':
        if (event.from.name !== this.#own.state.node) {
          this.#onNews(event.from, event.message, event.late, changes, effects)
        }
        break
      case 'flushDue':
        this.#flushing = false
        if (this.#wanted && this.#answers++ < ANSWERS_MAX) this.#tellState(effects)
        else this.#tellChanges(effects)
        break
      case 'retryDue':
        this.#timer = false
        this.#onRound(changes, effects)
        break
      case 'nodeUp': // an older start of it is history
        this.#dropOlder(event.node, changes)
        if (!this.#hasAsked) effects.push({ type: 'tellAll', message: { type: 'want', nodes: [] } })
        this.#hasAsked = true
        break
      case 'closing':
        if (this.#told > 0) effects.push({ type: 'tellAll', message: { type: 'gone' } })
        break
      case 'nodeDown': // its connection to this node is: that tells nothing about others
      case 'message': // for overlays that connect all
        break
      default:
        unreachable(event)
    }
    if (this.#own.state.count > 0 || this.#authors.size > 0) this.#armTimer(effects)
    for (const change of changes) {
      this.#views.changed(change.group)
      effects.push({ type: 'changed', change })
    }
    return effects
  }

  *#states(): Iterable<GroupState> {
    yield this.#own.state
    for (const author of this.#authors.values()) yield author.state
  }

  #flush(effects: GroupsEffect[]): void {
    if (this.#flushing) return
    this.#flushing = true
    effects.push({ type: 'flushSoon' })
  }

  #armTimer(effects: GroupsEffect[]): void {
    if (this.#timer) return
    this.#timer = true
    effects.push({ type: 'startTimer', delayMs: this.#options.refreshMs })
  }

  #tellChanges(effects: GroupsEffect[]): void {
    const ops = this.#own.opsSince(this.#told)
    if (ops === undefined) {
      this.#tellState(effects)
      return
    }
    for (let at = 0; at < ops.length; at += SPREAD_BATCH) {
      const part = ops.slice(at, at + SPREAD_BATCH)
      effects.push({
        type: 'tellAll',
        message: { type: 'delta', from: this.#told + at, ops: part },
      })
    }
    this.#told = this.#own.state.version
  }

  #tellState(effects: GroupsEffect[]): void {
    const { version } = this.#own.state
    const entries = this.#own.entries()
    const count = Math.max(1, Math.ceil(entries.length / SPREAD_BATCH))
    for (let index = 0; index < count; index++) {
      const part = entries.slice(index * SPREAD_BATCH, (index + 1) * SPREAD_BATCH)
      const message: SpreadMessage = { type: 'state', version, index, count, entries: part }
      effects.push({ type: 'tellAll', message })
    }
    this.#told = version
    this.#wanted = false
  }

  /** Says that this node is there, asks for what is lacking, and gives up who was not heard of. */
  #onRound(changes: GroupChanges, effects: GroupsEffect[]): void {
    this.#round++
    this.#answers = 0
    const { version, count } = this.#own.state
    if (this.#wanted || (count > 0 && count <= SPREAD_BATCH)) this.#tellState(effects)
    else if (count > 0) effects.push({ type: 'tellAll', message: { type: 'alive', version } })
    const lacking: WantedNode[] = []
    for (const [name, author] of this.#authors) {
      if (this.#round - author.heardAt > LEASE_ROUNDS) {
        this.#authors.delete(name)
        changes.difference(author.state, undefined)
      } else if (
        author.lacking &&
        author.asked < this.#round - 1 &&
        lacking.length < SPREAD_BATCH
      ) {
        lacking.push([name, author.state.incarnation])
      }
    }
    if (lacking.length > 0) {
      effects.push({ type: 'tellAll', message: { type: 'want', nodes: lacking } })
    }
  }

  #onNews(
    from: Pick<Member, 'name' | 'incarnation' | 'generation'>,
    message: SpreadMessage,
    late: boolean,
    changes: GroupChanges,
    effects: GroupsEffect[],
  ): void {
    if (message.type === 'want') {
      this.#onWant(message.nodes, late, effects)
      return
    }
    const author = this.#author(from, late, changes)
    if (author === undefined) return
    if (!late) author.heardAt = this.#round
    const before = author.state.version
    switch (message.type) {
      case 'delta':
        author.promised = Math.max(author.promised, message.from + message.ops.length)
        author.early.set(message.from, message.ops)
        if (author.early.size > EARLY_MAX) author.early.clear()
        break
      case 'state':
        this.#onState(author, message, changes, effects)
        break
      case 'alive':
        author.promised = Math.max(author.promised, message.version)
        break
      case 'gone':
        changes.difference(author.state, undefined)
        author.end()
        return
      default:
        unreachable(message)
    }
    this.#takeEarly(author, changes, effects)
    if (author.state.version !== before) author.parts.clear()
  }

  /** No names: all are asked. */
  #onWant(nodes: readonly WantedNode[], late: boolean, effects: GroupsEffect[]): void {
    const { node, incarnation, count } = this.#own.state
    const ours = nodes.some(([name, of]) => name === node && of === incarnation)
    if ((ours || (nodes.length === 0 && count > 0)) && !late) {
      this.#wanted = true
      if (this.#answers < ANSWERS_MAX) this.#flush(effects)
    }
    for (const [name, of] of nodes) {
      const author = this.#authors.get(name) // somebody has asked for it
      if (author?.state.incarnation === of) author.asked = this.#round
    }
  }

  /** What is known of who sent it; a late message makes nobody known, who may be no more. */
  #author(
    from: Pick<Member, 'name' | 'incarnation' | 'generation'>,
    late: boolean,
    changes: GroupChanges,
  ): Author | undefined {
    this.#dropOlder(from, changes)
    const known = this.#authors.get(from.name)
    if (known !== undefined) {
      const same = known.state.incarnation === from.incarnation
      return same && !known.ended ? known : undefined
    }
    if (late || this.#authors.size >= AUTHORS_MAX) return undefined
    const author = new Author(new GroupState(from.name, from.incarnation), from.generation)
    this.#authors.set(from.name, author)
    return author
  }

  #dropOlder(
    node: Pick<Member, 'name' | 'incarnation' | 'generation'>,
    changes: GroupChanges,
  ): void {
    const known = this.#authors.get(node.name)
    if (known === undefined || known.state.incarnation === node.incarnation) return
    if (node.generation < known.generation) return
    this.#authors.delete(node.name)
    changes.difference(known.state, undefined)
  }

  /** Applies the changes whose turn it is; drops those that are known. */
  #takeEarly(author: Author, changes: GroupChanges, effects: GroupsEffect[]): void {
    let overflow = false
    for (const [from, ops] of [...author.early].sort(([a], [b]) => a - b)) {
      const { state } = author
      if (from > state.version) continue
      author.early.delete(from)
      for (const op of ops.slice(state.version - from)) {
        if (!this.#apply(state, op, changes)) overflow = true
      }
    }
    if (overflow) effects.push({ type: 'overflow', node: author.state.node })
  }

  /** False when it was one membership too many. */
  #apply(state: GroupState, [op, group, serial, type]: GroupOp, changes: GroupChanges): boolean {
    state.version++
    if (op === 'leave') {
      const member = state.remove(group, serial)
      if (member !== undefined) changes.left(group, member)
      return true
    }
    if (state.count >= this.#options.membershipsMax) return false
    const member = state.add(group, serial, type)
    if (member !== undefined) changes.joined(group, member)
    return true
  }

  #onState(
    author: Author,
    message: Extract<SpreadMessage, { type: 'state' }>,
    changes: GroupChanges,
    effects: GroupsEffect[],
  ): void {
    const { version, index, count, entries } = message
    author.promised = Math.max(author.promised, version)
    if (version <= author.state.version) return
    if (version !== author.partsOf) {
      if (version < author.partsOf) return
      author.parts.clear()
      author.partsOf = version
    }
    if (author.parts.size >= this.#options.membershipsMax / SPREAD_BATCH + 1) return
    author.parts.set(index, entries)
    if (author.parts.size < count) return
    const state = new GroupState(author.state.node, author.state.incarnation)
    state.version = version
    let overflow = false
    for (const part of author.parts.values()) {
      for (const [group, serial, type] of part) {
        if (state.count < this.#options.membershipsMax) state.add(group, serial, type)
        else overflow = true
      }
    }
    if (overflow) effects.push({ type: 'overflow', node: author.state.node })
    changes.difference(author.state, state)
    author.state = state
  }
}

/** What is known of another node's memberships. */
class Author {
  state: GroupState
  readonly generation: number
  /** The round in which it was heard of last. */
  heardAt = 0
  /** It has said that it stops. */
  ended = false
  /** The highest version it has told of. */
  promised = 0
  /** The round in which somebody asked for its state last. */
  asked = -1
  /** Changes by the version they begin at, those ahead of their turn among them. */
  readonly early = new Map<number, readonly GroupOp[]>()
  /** Parts of its state that came, by index, and their version. */
  readonly parts = new Map<number, readonly GroupEntry[]>()
  partsOf = 0

  constructor(state: GroupState, generation: number) {
    this.state = state
    this.generation = generation
  }

  /** There is a gap that nothing has filled. */
  get lacking(): boolean {
    return this.promised > this.state.version
  }

  end(): void {
    this.ended = true
    this.state = new GroupState(this.state.node, this.state.incarnation)
    this.early.clear()
    this.parts.clear()
    this.promised = 0
  }
}

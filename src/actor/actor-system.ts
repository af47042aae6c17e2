import { EventEmitter } from 'eventemitter3'
import { type ErrorCode, TroupeError } from '../base/errors.js'
import { actorId, incarnationOf, serialOf } from '../base/identity.js'
import { type Logger, silentLogger } from '../base/logger.js'
import { readOptions, show } from '../base/options.js'
import type { Clock } from '../world/clock.js'
import type { Turn } from '../world/turn.js'
import type { Waits } from '../world/waits.js'
import type { World } from '../world/world.js'
import type { Actor } from './actor.js'
import { ActorCounters } from './actor-counters.js'
import type { ActorNode } from './actor-node.js'
import { ACTOR_SYSTEM_FIELDS, type ActorSystemOptions } from './actor-system-options.js'
import type { Bonds } from './bonds.js'
import { Call, CopyingCall } from './call.js'
import { Cell } from './cell.js'
import { classNamed } from './class-registry.js'
import type { DeadLetter } from './dead-letter.js'
import { Deadlines } from './deadlines.js'
import { Definition } from './definition.js'
import { checkStop } from './ending.js'
import { type ExitReason, NORMAL, SHUTDOWN } from './exit-reason.js'
import type { Guardian } from './guardian.js'
import { type Inbox, type Outcome, REFUSED } from './inbox.js'
import { Incarnation } from './incarnation.js'
import { LocalNode } from './local-node.js'
import { Message } from './message.js'
import type { MethodDefinition } from './method-definition.js'
import { ObservedDeadlines } from './observed-deadlines.js'
import { ObservedIncarnation } from './observed-incarnation.js'
import type { Outbound } from './outbound.js'
import { ActorRef, type AnyRef, routeOf } from './ref.js'
import type { RefAddress } from './ref-address.js'
import { ReplyTable } from './reply.js'
import { isLost, type ReplySink, waits } from './reply-sink.js'
import { GoneRoute, NamedRoute, RemoteRoute } from './routes.js'
import { Scheduler } from './scheduler.js'
import type { SendOptions } from './send-options.js'
import { CellSettings, type SpawnOptions } from './spawn-options.js'

export type { ActorSystemOptions } from './actor-system-options.js'

/** Events about the actors of one node. */
export interface ActorEvents {
  deadLetter: [letter: DeadLetter]
}

/** What an actor system is built on. */
export interface ActorSystemParts {
  readonly world: Pick<World, 'clock' | 'turn' | 'random' | 'waits'>
  readonly nodeName: string
  /** ULID of this start of the node. */
  readonly incarnation: string
  /** `remote/` puts its own here. */
  outbound: Outbound
  readonly bonds: Bonds
  readonly log?: Logger
  readonly options?: ActorSystemOptions
}

/** All about the actors of one node that needs no network. */
export class ActorSystem {
  readonly nodeName: string
  readonly incarnation: string
  readonly clock: Clock
  /** `remote/` puts its own here. */
  outbound: Outbound
  readonly bonds: Bonds
  readonly log: Logger
  readonly scheduler: Scheduler
  readonly deadlines: Deadlines
  /** Present in a simulation that looks for handlers which wait outside of it. */
  readonly waits: Waits | undefined
  readonly counters = new ActorCounters()
  readonly events = new EventEmitter<ActorEvents>()
  /** Deferred replies that other nodes will answer. */
  readonly replies: ReplyTable
  /** Called for every actor that has ended for good. `remote/` puts its own here. */
  onFinished: ((cell: Cell) => void) | undefined = undefined
  /** What actors see as `this.node`; `node/` puts its own here. */
  node: ActorNode
  readonly #options: Required<Omit<ActorSystemOptions, 'copyLocal'>>
  readonly #copyLocal: ActorSystemOptions['copyLocal']
  readonly #turn: Turn
  readonly #settings: CellSettings
  readonly #cells = new Map<number, Cell>()
  readonly #names = new Map<string, Cell>()
  #serial = 0
  /** `stopAll` was called. */
  stopped = false

  /** @throws TroupeError ERR_BAD_OPTION */
  constructor(parts: ActorSystemParts) {
    const { world } = parts
    const options = readOptions('actors', ACTOR_SYSTEM_FIELDS, parts.options)
    this.nodeName = parts.nodeName
    this.incarnation = parts.incarnation
    this.clock = world.clock
    this.outbound = parts.outbound
    this.bonds = parts.bonds
    this.log = parts.log ?? silentLogger
    this.#turn = world.turn
    this.scheduler = new Scheduler(world.clock, world.turn)
    this.waits = world.waits
    this.deadlines =
      world.waits === undefined
        ? new Deadlines(world.clock, world.turn)
        : new ObservedDeadlines(world.clock, world.turn, world.waits)
    this.#options = options as Required<ActorSystemOptions>
    this.#copyLocal = options.copyLocal
    const { mailboxLimit, stashLimit, stopTimeoutMs, replyLimit } = this.#options
    this.#settings = new CellSettings(undefined, mailboxLimit, stashLimit, stopTimeoutMs)
    this.replies = new ReplyTable(replyLimit)
    this.node = new LocalNode(this, world.random)
  }

  /** Deadline of an ask that names none, in ms. */
  get askTimeoutMs(): number {
    return this.#options.askTimeoutMs
  }

  // actors

  /**
   * Starts an actor: its constructor and onStart run when the scheduler gets to it; messages may be
   * sent at once.
   *
   * @throws TroupeError ERR_BAD_DEFINITION, ERR_BAD_OPTION, ERR_NAME_IN_USE, ERR_NODE_STOPPED
   */
  spawn(
    actorClass: new () => Actor<unknown>,
    args?: unknown,
    options?: SpawnOptions,
    guardian?: Guardian,
  ): Cell {
    if (this.stopped) {
      throw new TroupeError('ERR_NODE_STOPPED', `${this.nodeName} starts no more actors`)
    }
    const definition = Definition.of(actorClass)
    const settings = options === undefined ? this.#settings : this.#settings.with(options)
    const { name } = settings
    if (name !== undefined && this.#names.has(name)) {
      const holder = this.#names.get(name)
      throw new TroupeError('ERR_NAME_IN_USE', `'${name}' is the name of ${holder?.ref}`)
    }
    const serial = ++this.#serial
    const cell = new Cell(this, definition, serial, args, settings, guardian)
    this.#cells.set(serial, cell)
    if (name !== undefined) this.#names.set(name, cell)
    this.counters.spawned++
    return cell
  }

  /** The context of a cell's next incarnation. */
  incarnate(cell: Cell, incarnation: number): Incarnation {
    if (this.waits === undefined) return new Incarnation(cell, incarnation)
    return new ObservedIncarnation(cell, incarnation, this.waits)
  }

  /**
   * A call that was refused at once rejects a turn of the event loop later: who asks again at once would
   * otherwise never let timers and sockets come in between, and the reason would never pass.
   */
  aTurnLater<T>(refused: Promise<T>): Promise<T> {
    refused.catch(() => {})
    return this.held(
      new Promise((resolve) => {
        this.#turn.immediate(() => resolve(refused))
      }),
    )
  }

  /** A promise that a handler may wait for. */
  held<T>(promise: Promise<T>): Promise<T> {
    return this.waits === undefined ? promise : this.waits.hold(promise)
  }

  /** The actor with that serial number, while it has not ended for good. */
  cell(serial: number): Cell | undefined {
    return this.#cells.get(serial)
  }

  /** The holder of a registered name. */
  named(name: string): Cell | undefined {
    return this.#names.get(name)
  }

  /** Registered names with their holders. */
  names(): IterableIterator<[string, Cell]> {
    return this.#names.entries()
  }

  /** All actors that have not ended for good, oldest first. */
  cells(): IterableIterator<Cell> {
    return this.#cells.values()
  }

  /** How many actors have not ended for good. */
  get size(): number {
    return this.#cells.size
  }

  idOf(serial: number): string {
    return actorId(this.incarnation, serial)
  }

  /** The cell behind a ref; undefined when it is remote, has ended, or its name is not held. */
  cellOf(ref: AnyRef): Cell | undefined {
    const route = routeOf(ref)
    if (route instanceof Cell) {
      return route.system === this && route.state !== 'finished' ? route : undefined
    }
    if (route.node !== this.nodeName) return undefined
    if (route.registeredName !== undefined) return this.#names.get(route.registeredName)
    return this.#cellById(route.id)
  }

  #cellById(id: string | undefined): Cell | undefined {
    if (id === undefined || incarnationOf(id) !== this.incarnation) return undefined
    return this.#cells.get(serialOf(id))
  }

  /** True when messages to this ref do not leave the node. */
  isLocal(ref: AnyRef): boolean {
    return ref.node === this.nodeName
  }

  /**
   * Ends an actor of any node; resolves when it has ended, at once when it is not there.
   * `timeoutMs` defaults to the node's `stopTimeoutMs`. @throws TroupeError ERR_BAD_OPTION
   */
  stop(ref: AnyRef, reason: ExitReason = NORMAL, timeoutMs?: number): Promise<void> {
    const ms = timeoutMs ?? this.#settings.stopTimeoutMs
    checkStop(ref, reason, ms)
    if (!this.isLocal(ref)) return this.outbound.stop(ref, reason, ms)
    return this.cellOf(ref)?.stop(reason, ms) ?? Promise.resolve()
  }

  /** Called by a cell that has ended for good. */
  finished(cell: Cell): void {
    this.counters.ended++
    this.#cells.delete(cell.serial)
    if (cell.name !== undefined && this.#names.get(cell.name) === cell) {
      this.#names.delete(cell.name)
    }
    this.onFinished?.(cell)
  }

  /** Ends all actors without a supervisor on this node, the youngest first, and refuses new ones; what is left at the deadline is killed. */
  async stopAll(timeoutMs: number = this.#settings.stopTimeoutMs): Promise<void> {
    this.stopped = true
    const roots = [...this.#cells.values()]
      .filter((cell) => cell.guardian?.cell === undefined)
      .reverse()
    await Promise.all(roots.map((cell) => cell.stop(SHUTDOWN, timeoutMs)))
    for (const cell of [...this.#cells.values()]) void cell.terminate(SHUTDOWN, 0)
  }

  // refs

  /** The ref with these parts, whatever node it is of; the class is found by its type name. */
  refAt(address: RefAddress, definition: Definition = definitionNamed(address.type)): AnyRef {
    const { node, id, name } = address
    if (node !== this.nodeName)
      return new ActorRef(new RemoteRoute(this, definition, node, id, name))
    if (name !== undefined) return new ActorRef(new NamedRoute(this, definition, name))
    const cell = this.#cellById(id)
    if (cell !== undefined && cell.definition.type === definition.type) return cell.ref
    return new ActorRef(new GoneRoute(this, definition, id ?? ''))
  }

  // messages

  /** For the inbox: hands a message to the actor with this serial number or name. */
  receive(
    to: number | string,
    method: number | string,
    args: readonly unknown[],
    sink: ReplySink | undefined,
  ): Outcome {
    const cell = typeof to === 'number' ? this.#cells.get(to) : this.#names.get(to)
    if (cell !== undefined) return this.deliver(cell, method, args, sink)
    const gone = typeof to === 'number' && to >= 1 && to <= this.#serial
    const code = gone ? 'ERR_STOPPED' : 'ERR_NO_ACTOR'
    const who = typeof to === 'number' ? `actor ${to}` : `actor named ${show(to)}`
    const error = new TroupeError(code, `${this.nodeName} has no ${who}`)
    if (waits(sink)) sink.fail(error)
    else if (isLost(sink)) {
      const route =
        typeof to === 'string'
          ? new NamedRoute(this, UNKNOWN, to)
          : new GoneRoute(this, UNKNOWN, this.idOf(to))
      this.deadLetter(new ActorRef(route), String(method), args, code)
    }
    return REFUSED
  }

  /**
   * Puts a message from outside into a cell's mailbox. `method` is a name or an index of the class's
   * table; anything else is ERR_UNKNOWN_METHOD.
   */
  deliver(
    cell: Cell,
    method: number | string,
    args: readonly unknown[],
    sink: ReplySink | undefined,
  ): Outcome {
    const definition = cell.definition.method(method)
    if (definition !== undefined) return cell.accept(Message.of(definition, args, sink))
    this.unknownMethod(cell.ref, method, args, sink)
    return REFUSED
  }

  unknownMethod(
    to: AnyRef,
    method: number | string,
    args: readonly unknown[],
    sink: ReplySink | undefined,
  ): void {
    this.counters.refusals++
    this.log.info({ actor: String(to), method }, 'unknown method refused')
    if (!waits(sink)) {
      if (isLost(sink)) this.deadLetter(to, String(method), args, 'ERR_UNKNOWN_METHOD')
    } else sink.fail(new TroupeError('ERR_UNKNOWN_METHOD', `${to} has no method ${String(method)}`))
  }

  /** What a cell asks to be told to its askers, or to the listeners of dead letters. */
  refuse(to: AnyRef, message: Message, code: ErrorCode, error?: unknown): void {
    const method = message.method.name
    if (code === 'ERR_BAD_ARGUMENTS') {
      this.counters.refusals++
      const reason = (error as Error | undefined)?.message
      this.log.info({ actor: String(to), method, code, reason }, 'message refused')
    }
    const { sink } = message
    if (!waits(sink)) {
      if (isLost(sink)) this.deadLetter(to, method, message.args, code)
    } else if (!sink.settled) {
      sink.fail(error ?? new TroupeError(code, `${to} did not take ${method}`))
    }
  }

  deadLetter(to: AnyRef, method: string, args: readonly unknown[], reason: ErrorCode): void {
    this.counters.deadLetters++
    if (this.events.listenerCount('deadLetter') === 0) return
    try {
      this.events.emit('deadLetter', { to, method, args, reason })
    } catch (error) {
      this.log.error({ err: error }, 'a listener of deadLetter threw')
    }
  }

  /** A call with its deadline running. @param to text read only when an error needs it */
  call(to: { toString(): string }, method: string, options: SendOptions | undefined): Call {
    const call = new Call(this.deadlines, this.counters, to, method)
    call.start(options?.timeoutMs ?? this.#options.askTimeoutMs, options?.signal)
    return call
  }

  /** Asks an actor of this node. */
  askLocal(
    inbox: Inbox,
    method: MethodDefinition,
    args: readonly unknown[],
    options: SendOptions | undefined,
  ): Promise<unknown> {
    const copy = this.#copyLocal
    const call =
      copy === undefined
        ? new Call(this.deadlines, this.counters, inbox, method.name)
        : new CopyingCall(this.deadlines, this.counters, inbox, method.name, copy)
    call.start(options?.timeoutMs ?? this.#options.askTimeoutMs, options?.signal)
    if (call.settled) return this.aTurnLater(call.take())
    try {
      inbox.accept(Message.of(method, this.copied(args), call))
    } catch (error) {
      call.fail(error)
    }
    return call.settled ? this.aTurnLater(call.take()) : call.take()
  }

  /** True when what passes between actors of this node is copied. */
  get copies(): boolean {
    return this.#copyLocal !== undefined
  }

  /** Arguments as a local receiver gets them. */
  copied(args: readonly unknown[]): readonly unknown[] {
    return this.#copyLocal === undefined ? args : this.#copyLocal(args)
  }
}

/** Stands for a class nobody here knows anything about. */
const UNKNOWN = Definition.fromTable('?', [])

/** The definition of the class registered by this type name, or one without methods. */
export function definitionNamed(type: string): Definition {
  const actorClass = classNamed(type)
  return actorClass === undefined ? Definition.opaque(type) : Definition.of(actorClass)
}

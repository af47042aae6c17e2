import type { ActorSystem } from '../actor/actor-system.js'
import type { Cell } from '../actor/cell.js'
import { type ExitReason, KILLED } from '../actor/exit-reason.js'
import type { Guardian } from '../actor/guardian.js'
import type { SpawnOptions } from '../actor/spawn-options.js'
import type { ChildClass } from './child-spec.js'

/** What is needed to start a child here, for a supervisor of this or another node. */
export interface HostedSpec {
  readonly actorClass: ChildClass
  readonly args: unknown
  readonly name: string | undefined
  readonly mailboxLimit: number | undefined
  readonly stashLimit: number | undefined
}

/** What a host tells. `run` is the number that came with the start. */
export interface HostListener {
  started(id: string, run: number): void
  startFailed(id: string, run: number, error: unknown): void
  /** True: keep the ref for a restart. Called in the middle of the child's end: order nothing before it returns. */
  ended(id: string, run: number, reason: ExitReason): boolean
  stopped(id: string, run: number): void
}

interface Hosted {
  readonly id: string
  run: number
  readonly cell: Cell
  /** It is being restarted: should that fail, the ref stays held. */
  restarting: boolean
  starting: boolean
}

/**
 * Children that run on this node on behalf of one owner: a supervisor here, or (in `remote/`) a
 * supervisor of another node. It does as told and decides nothing.
 */
export class ChildHost implements Guardian {
  /** The supervisor, when it is here. */
  readonly cell: Cell | undefined
  readonly #system: ActorSystem
  readonly #listener: HostListener
  readonly #byId = new Map<string, Hosted>()
  readonly #byCell = new Map<Cell, Hosted>()

  constructor(system: ActorSystem, cell: Cell | undefined, listener: HostListener) {
    this.#system = system
    this.cell = cell
    this.#listener = listener
  }

  get size(): number {
    return this.#byId.size
  }

  /** The actor behind a child's ref, while it is kept. */
  child(id: string): Cell | undefined {
    return this.#byId.get(id)?.cell
  }

  idOf(cell: Cell): string | undefined {
    return this.#byCell.get(cell)?.id
  }

  /** The number of the start that a child is at. */
  runOf(id: string): number | undefined {
    return this.#byId.get(id)?.run
  }

  /** Starts a new actor; `started` or `startFailed` follows. */
  start(id: string, run: number, spec: HostedSpec): void {
    const { name, mailboxLimit, stashLimit } = spec
    const options: SpawnOptions = {
      ...(name === undefined ? {} : { name }),
      ...(mailboxLimit === undefined ? {} : { mailboxLimit }),
      ...(stashLimit === undefined ? {} : { stashLimit }),
    }
    let cell: Cell
    try {
      cell = this.#system.spawn(spec.actorClass, spec.args, options, this)
    } catch (error) {
      this.#listener.startFailed(id, run, error)
      return
    }
    const hosted: Hosted = { id, run, cell, restarting: false, starting: true }
    this.#byId.set(id, hosted)
    this.#byCell.set(cell, hosted)
  }

  /** Starts the next incarnation behind the held ref; `started` or `startFailed` follows. */
  restart(id: string, run: number): void {
    const hosted = this.#byId.get(id)
    if (hosted?.cell.state !== 'waiting') {
      const state = hosted ? hosted.cell.state : 'gone'
      this.#listener.startFailed(id, run, new Error(`child '${id}' is ${state}, not held`))
      return
    }
    hosted.run = run
    hosted.restarting = true
    hosted.starting = true
    hosted.cell.restart()
  }

  /** Ends the incarnation by the deadline; `stopped` follows. A child that is not there counts as stopped. */
  stop(id: string, run: number, reason: ExitReason, deadlineMs: number, hold: boolean): void {
    const hosted = this.#byId.get(id)
    if (!hosted || hosted.run !== run) {
      this.#listener.stopped(id, run)
      return
    }
    const why = deadlineMs === 0 ? KILLED : reason
    void hosted.cell.terminate(why, deadlineMs, hold).then(() => {
      if (hosted.cell.state === 'finished') this.#forget(hosted)
      this.#listener.stopped(id, run)
    })
  }

  /** No restart will come for a held ref. */
  finish(id: string, reason: ExitReason): void {
    const hosted = this.#byId.get(id)
    if (!hosted) return
    hosted.cell.finish(reason)
    this.#forget(hosted)
  }

  /** Ends all at once: the owner is gone without having stopped them. */
  killAll(): void {
    for (const hosted of [...this.#byId.values()].reverse()) {
      this.#forget(hosted)
      void hosted.cell.terminate(KILLED, 0)
    }
  }

  /** Called by the cell. */
  started(cell: Cell): void {
    const hosted = this.#byCell.get(cell)
    if (!hosted) return
    hosted.starting = false
    hosted.restarting = false
    this.#listener.started(hosted.id, hosted.run)
  }

  /** Called by the cell. */
  ended(cell: Cell, reason: ExitReason): boolean {
    const hosted = this.#byCell.get(cell)
    if (!hosted) return false
    let held: boolean
    if (hosted.starting) {
      held = hosted.restarting
      hosted.starting = false
      this.#listener.startFailed(hosted.id, hosted.run, errorOf(reason))
    } else held = this.#listener.ended(hosted.id, hosted.run, reason)
    if (!held) this.#forget(hosted)
    return held
  }

  #forget(hosted: Hosted): void {
    this.#byCell.delete(hosted.cell)
    if (this.#byId.get(hosted.id) === hosted) this.#byId.delete(hosted.id)
  }
}

/** A child that was stopped or killed while it started has failed too. */
function errorOf(reason: ExitReason): unknown {
  return reason.type === 'error'
    ? reason.error
    : new Error(`it ended while it started: ${reason.type}`)
}

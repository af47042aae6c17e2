import { CODES, type ErrorCode, TroupeError } from '../../base/errors.js'
import { loadersFor } from '../../world/real/user-module.js'
import { WatchedWorker } from '../../world/real/watched-worker.js'
import type { DeskAnswers, DeskTask } from './desk.js'
import type { ScenarioSource } from './scenario-source.js'
import type { ShareEvent } from './share.js'

/** What a thread says. */
export type DeskSaying =
  | { readonly type: 'event'; readonly event: ShareEvent }
  | { readonly type: 'done'; readonly value: unknown }
  | {
      readonly type: 'failed'
      readonly message: string
      readonly code: string | undefined
      readonly stack: string | undefined
    }

/** A thread was killed because it took no step any more, or it ended by itself. */
export class DeskStuck extends Error {
  override readonly name = 'DeskStuck'
}

export interface DeskThreadOptions {
  /** Modules that the thread loads before the scenario's, behind a loader for TypeScript and `troupe/guards`. */
  readonly imports: readonly string[]
  /** Real time without a step after which it is killed, in ms. */
  readonly stallMs: number
}

/** A thread that does one task after another with a scenario, and is watched. */
export class DeskThread {
  readonly #worker: WatchedWorker
  readonly #stallMs: number
  #asked:
    | {
        say(event: ShareEvent): void
        resolve(value: unknown): void
        reject(error: unknown): void
      }
    | undefined
  #gone = false

  /** @throws TroupeError ERR_PACKAGE_MISSING for a module of TypeScript without tsx */
  constructor(source: ScenarioSource, { imports, stallMs }: DeskThreadOptions) {
    this.#stallMs = stallMs
    const load = [...loadersFor([source.module, MAIN.href]), GUARDS.href, ...imports]
    this.#worker = new WatchedWorker(MAIN, load, { source }, stallMs, {
      quietOut: true,
      onMessage: (message) => this.#heard(message as DeskSaying),
      onEnd: (stalled, error) => {
        const why = stalled
          ? `no step within ${this.#stallMs} ms after step ${this.#worker.steps}`
          : `its thread ended: ${String(error)}`
        this.#end(new DeskStuck(why))
      },
    })
  }

  get gone(): boolean {
    return this.#gone
  }

  /** @throws DeskStuck; what the task threw, as far as it can be copied */
  do<T extends DeskTask>(
    task: T,
    say: (event: ShareEvent) => void = () => {},
  ): Promise<DeskAnswers[T['type']]> {
    return new Promise((resolve, reject) => {
      if (this.#gone) {
        reject(new DeskStuck('its thread has ended'))
        return
      }
      this.#asked = { say, resolve: resolve as (value: unknown) => void, reject }
      this.#worker.send(task)
    })
  }

  /** What it does is given up. */
  async close(): Promise<void> {
    this.#end(new DeskStuck('it was closed'))
    await this.#worker.close()
  }

  #heard(saying: DeskSaying): void {
    if (saying.type === 'event') {
      this.#asked?.say(saying.event)
      return
    }
    const asked = this.#asked
    this.#asked = undefined
    if (saying.type === 'done') asked?.resolve(saying.value)
    else asked?.reject(errorOf(saying))
  }

  #end(error: Error): void {
    this.#gone = true
    const asked = this.#asked
    this.#asked = undefined
    asked?.reject(error)
  }
}

function errorOf({ message, code, stack }: DeskSaying & { type: 'failed' }): Error {
  if (code === undefined || !Object.hasOwn(CODES, code)) {
    const error = new Error(message)
    if (stack !== undefined) error.stack = stack
    return error
  }
  const end = ` (${code})`
  const detail = message.endsWith(end) ? message.slice(0, -end.length) : message
  return new TroupeError(code as ErrorCode, detail)
}

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const MAIN = new URL(`./desk-main.${EXTENSION}`, import.meta.url)
const GUARDS = new URL(`../../simulation/guards/index.${EXTENSION}`, import.meta.url)

import {
  contextNow,
  runInContext,
  useContext,
  watchResources,
} from '../world/real/async-context.js'
import type { Handler, Waits } from '../world/waits.js'
import { EscapedWaitError } from './escaped-wait.js'
import type { Life } from './sim-host.js'

/** Which other handlers' promises a handler may wait for: those of its actor, or of its whole node. */
export type WaitLevel = 'handler' | 'node'

/** Handlers that may wait for each other. */
class Group {
  /** What all of them wait for. */
  open = 0
  /** Handlers that wait for nothing of their own. */
  readonly leaning = new Set<Running>()
}

/** One run of a handler. */
class Running {
  readonly handler: Handler
  readonly waits: SimWaits
  readonly group: Group
  open = 0
  /** With `debug`: the last places where it made a promise, the latest first. */
  seen: readonly string[] = []

  constructor(handler: Handler, waits: SimWaits, group: Group) {
    this.handler = handler
    this.waits = waits
    this.group = group
  }
}

/**
 * The open waits of a simulation. Between two steps no promise is left to run, so a handler that has
 * not ended waits: for something of this world, which was counted when it was made, or for something
 * that escaped.
 */
export class WaitLedger {
  readonly level: WaitLevel
  readonly #debug: boolean
  /** Handlers whose waits have changed in this step. */
  #touched = new Set<Running>()

  constructor(level: WaitLevel, debug: boolean) {
    this.level = level
    this.#debug = debug
  }

  of(life: Life): SimWaits {
    return new SimWaits(this, life)
  }

  /** To be called before time moves; what it returns, after. */
  begin(): () => void {
    const release = useContext()
    const unwatch = this.#debug ? watchResources(noteStack) : undefined
    return () => {
      unwatch?.()
      release()
    }
  }

  touch(running: Running): void {
    this.#touched.add(running)
  }

  /** Asked between two steps: the first handler that waits for nothing of this world. */
  check(): EscapedWaitError | undefined {
    if (this.#touched.size === 0) return undefined
    const touched = this.#touched
    this.#touched = new Set()
    for (const running of touched) {
      const { handler, group, waits } = running
      group.leaning.delete(running)
      if (running.open > 0 || !waits.life.alive || !handler.pending) continue
      if (group.open > 0) group.leaning.add(running)
      else return escaped(running)
    }
    return undefined
  }
}

function escaped({ handler, waits, seen }: Running): EscapedWaitError {
  return new EscapedWaitError(
    waits.life.name,
    handler.actor,
    handler.method,
    seen.join('\n') || undefined,
  )
}

/** Where the frames of a stack that say nothing lie. */
const OWN = ['./', '../world/real/', '../actor/'].map((path) =>
  decodeURI(new URL(path, import.meta.url).pathname),
)
const FRAMES = 50
const PLACES = 3

/** The frames of the program, without those of Node and of this package; undefined: there are none. */
function programStack(): string | undefined {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = FRAMES
  const frames = new Error('seen').stack?.split('\n').slice(1) ?? []
  Error.stackTraceLimit = limit
  const own = frames.filter(
    (line) =>
      /:\d+:\d+/.test(line) && !/\bnode:/.test(line) && !OWN.some((at) => line.includes(at)),
  )
  return own.length === 0 ? undefined : own.join('\n')
}

function noteStack(context: object): void {
  if (!(context instanceof Running)) return
  const stack = programStack()
  if (stack === undefined || context.seen.includes(stack)) return
  context.seen = [stack, ...context.seen].slice(0, PLACES)
}

/** The waits of one incarnation of a host. */
export class SimWaits implements Waits {
  readonly life: Life
  readonly #ledger: WaitLedger
  readonly #all = new Group()
  readonly #groups = new WeakMap<object, Group>()

  constructor(ledger: WaitLedger, life: Life) {
    this.#ledger = ledger
    this.life = life
  }

  get current(): Handler | undefined {
    return this.#running?.handler
  }

  run(handler: Handler, body: () => void): void {
    const running = new Running(handler, this, this.#groupOf(handler.owner))
    runInContext(running, body)
    if (handler.pending) this.#ledger.touch(running)
  }

  open(lasting = false): (() => void) | undefined {
    const running = this.#running
    if (running === undefined) return undefined
    const { group } = running
    running.open++
    if (!lasting) group.open++
    let open = true
    return () => {
      if (!open) return
      open = false
      if (--running.open === 0) this.#ledger.touch(running)
      if (lasting || --group.open > 0) return
      for (const leaning of group.leaning) this.#ledger.touch(leaning)
    }
  }

  hold<T>(promise: Promise<T>): Promise<T> {
    const close = this.open()
    if (close !== undefined) promise.then(close, close)
    return promise
  }

  get #running(): Running | undefined {
    const context = contextNow()
    return context instanceof Running && context.waits === this ? context : undefined
  }

  #groupOf(owner: object): Group {
    if (this.#ledger.level === 'node') return this.#all
    let group = this.#groups.get(owner)
    if (group === undefined) {
      group = new Group()
      this.#groups.set(owner, group)
    }
    return group
  }
}

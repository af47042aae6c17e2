import { TroupeError } from '../base/errors.js'
import {
  badOption,
  durationMs,
  type Fields,
  isFunction,
  isText,
  oneOf,
  readOptions,
} from '../base/options.js'
import {
  type Decide,
  INTERPOSABLE,
  type Interposable,
  type PassageAccess,
  type Point,
} from '../peer/passage.js'
import {
  Counters,
  type Interposed,
  type InterposedFailure,
  type InterposedHandle,
} from './interposed.js'
import { Round, type Rules } from './interposed-round.js'

export interface InterposeOptions {
  /** How long a `main` may take, and a message may be delayed, in ms. Default 5,000. */
  readonly limitMs?: number
  /** What becomes of a message whose `main` takes longer. Default `pass`. */
  readonly onLimit?: 'pass' | 'drop'
  /** Hears of functions that throw or take too long; these are logged as warnings besides. */
  readonly onFailure?: (failure: InterposedFailure) => void
}

const OPTIONS = {
  limitMs: { fallback: 5_000, check: durationMs(1) },
  onLimit: { fallback: 'pass', check: oneOf('pass', 'drop') },
  onFailure: { fallback: undefined, check: isFunction() },
} as unknown as Fields<InterposeOptions>

const POINTS = oneOf('send', 'receive', 'deliver')
const FUNCTION = isFunction()
const INTERPOSED = {
  name: { fallback: undefined, check: isText },
  at: { fallback: undefined, check: POINTS },
  before: { fallback: undefined, check: isText },
  pre: { fallback: undefined, check: FUNCTION },
  main: { fallback: undefined, check: FUNCTION },
  post: { fallback: undefined, check: FUNCTION },
} as unknown as Fields<Interposed>

/**
 * Functions between a node and its messages. For each message at a point all `pre` are called in
 * order, then all `main`, each with what the one before has left, then all `post`. Copies and delays
 * add up; a drop ends the row of `main`. At a point where none stands the message costs nothing more.
 */
export class Interposition {
  readonly #access: PassageAccess
  readonly #points: Readonly<Record<Point, Entry[]>> = { send: [], receive: [], deliver: [] }
  #options: InterposeOptions

  constructor(access: PassageAccess, options: InterposeOptions) {
    this.#access = access
    this.#options = options
  }

  /** For messages that come from now on. @throws TroupeError ERR_BAD_OPTION */
  set options(options: InterposeOptions | undefined) {
    this.#options = readOptions('interpose', OPTIONS, options)
  }

  /** Who stands at a point, in order. */
  at(point: Point): readonly InterposedHandle[] {
    return this.#points[point].slice()
  }

  /**
   * Puts functions at a point.
   * @throws TroupeError ERR_BAD_OPTION for a name that stands there already, or a `before` that does not
   */
  add(given: Interposed): InterposedHandle {
    const interposed = readOptions<Interposed>('interpose.add', INTERPOSED, given)
    const { name, at, before, pre, main, post } = interposed
    if (!isText.test(name)) throw badOption('interpose.add.name', isText.text, name)
    if (!POINTS.test(at)) throw badOption('interpose.add.at', POINTS.text, at)
    const standing = this.#points[at]
    const position = (wanted: string): number => standing.findIndex((one) => one.name === wanted)
    if ((pre ?? main ?? post) === undefined) {
      throw new TroupeError('ERR_BAD_OPTION', `interpose.add.main, pre or post must be there`)
    }
    if (position(name) !== -1) {
      throw badOption('interpose.add.name', `a name that does not stand at ${at} yet`, name)
    }
    const place = before === undefined ? standing.length : position(before)
    if (place === -1) throw badOption('interpose.add.before', `a name that stands at ${at}`, before)
    const entry = new Entry(interposed, () => this.#remove(entry))
    standing.splice(place, 0, entry)
    this.#swap(at)
    return entry
  }

  /** Takes all functions away. */
  clear(): void {
    for (const entries of Object.values(this.#points)) {
      for (const entry of entries.slice()) entry.remove()
    }
  }

  #remove(entry: Entry): void {
    const standing = this.#points[entry.at]
    const place = standing.indexOf(entry)
    if (place === -1) return
    standing.splice(place, 1)
    this.#swap(entry.at)
  }

  #swap(point: Point): void {
    const standing = this.#points[point].slice()
    const decide: Decide = (message) => new Round(standing, message, this.#rules()).run()
    this.#access.occupy(point, standing.length === 0 ? undefined : decide)
  }

  #rules(): Rules {
    const { limitMs = 5_000, onLimit } = this.#options
    return {
      clock: this.#access.clock,
      limitMs,
      dropsAtLimit: onLimit === 'drop',
      failed: (failure) => this.#failed(failure),
    }
  }

  #failed(failure: InterposedFailure): void {
    const { name, at, reason, method, peer, error } = failure
    const { log, node } = this.#access
    const fields = { node, name, at, method, peer, ...(error !== undefined && { err: error }) }
    const what = reason === 'cutOff' ? 'took too long' : 'failed'
    log.warn(fields, `an interposed function ${what}`)
    try {
      this.#options.onFailure?.(failure)
    } catch (err) {
      log.error({ node, err }, 'onFailure of interpose threw')
    }
  }
}

class Entry implements InterposedHandle {
  readonly functions: Interposed
  readonly stats = new Counters()
  readonly remove: () => void

  constructor(functions: Interposed, remove: () => void) {
    this.functions = functions
    this.remove = remove
  }

  get name(): string {
    return this.functions.name
  }

  get at(): Point {
    return this.functions.at
  }
}

const known = new WeakMap<PassageAccess, Interposition>()

/**
 * The interposed functions of a node, real or simulated; the same object each time. Options, where
 * given, take the place of those before.
 *
 *     interpose(node).add({ name: 'no-moves', at: 'receive', main: ({ method }) =>
 *       method === 'move' ? { type: 'drop' } : undefined })
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function interpose(node: Interposable, options?: InterposeOptions): Interposition {
  const read = readOptions('interpose', OPTIONS, options)
  const access = node[INTERPOSABLE]
  let found = known.get(access)
  if (found === undefined) {
    found = new Interposition(access, read)
    known.set(access, found)
  } else if (options !== undefined) found.options = options
  return found
}

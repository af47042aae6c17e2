import type { Actor, ArgsOf } from '../actor/actor.js'
import { Definition } from '../actor/definition.js'
import { TroupeError } from '../base/errors.js'
import {
  badOption,
  type Check,
  check,
  type Fields,
  integer,
  isBoolean,
  isText,
  oneOf,
  readOptions,
} from '../base/options.js'
import type { On, Relocate } from './relocation.js'
import type { RestartType } from './restart-policy.js'
import type { Strategy } from './strategies.js'
import type { CoreSpec } from './supervisor-event.js'

/** A class that `spawn` takes. */
export type ChildClass<A extends Actor<unknown> = Actor<unknown>> = new () => A

/** How a supervisor keeps one child. */
export interface ChildOptions<Args = unknown> {
  /** Handed to every incarnation as `this.args`. */
  readonly args?: Args
  /** Registers the child on its node under this name; restarts keep it. */
  readonly name?: string
  /** Default `permanent`. */
  readonly restart?: RestartType
  /**
   * What its running handler and `onStop` get when the supervisor stops it, in milliseconds; then it
   * is killed. 0 kills at once, Infinity waits. Default 5,000; for supervisors Infinity.
   */
  readonly shutdownMs?: number
  /** Its end by itself may end the supervisor, see `autoShutdown`; refused for permanent children. Default false. */
  readonly significant?: boolean
  /**
   * The node it runs on: a name, or a pure function of the reachable members such as `leastLoaded`.
   * The class needs `@actor`. Default: the supervisor's own node.
   */
  readonly on?: On
  /** What becomes of it when that node goes down. Default `afterDown`: it starts on one that is left. */
  readonly relocate?: Relocate
  /** Messages that may wait for it. Default: its node's. */
  readonly mailboxLimit?: number
  /** Messages it may stash. Default: its node's. */
  readonly stashLimit?: number
}

/** A child as a supervisor keeps it; made by `child` and `template`. */
export class ChildSpec<A extends Actor<unknown> = Actor<unknown>> implements CoreSpec {
  readonly id: string
  readonly actorClass: ChildClass<A>
  readonly args: unknown
  readonly name: string | undefined
  readonly restart: RestartType
  readonly shutdownMs: number
  readonly significant: boolean
  readonly type: 'worker' | 'supervisor'
  readonly on: On | undefined
  readonly relocate: Relocate
  readonly mailboxLimit: number | undefined
  readonly stashLimit: number | undefined

  /** @throws TroupeError ERR_BAD_OPTION, ERR_BAD_DEFINITION */
  constructor(id: string, actorClass: ChildClass<A>, options: ChildOptions | undefined) {
    if (!isText.test(id)) throw badOption('child', 'given a non-empty string as id', id)
    const of = `child('${id}')`
    const definition = Definition.of(actorClass)
    const read = readOptions<ReadOptions>(of, FIELDS, options)
    this.id = id
    this.actorClass = actorClass
    this.type = isSupervisorClass(actorClass) ? 'supervisor' : 'worker'
    this.args = read.args
    this.name = read.name
    this.restart = read.restart
    this.shutdownMs = read.shutdownMs ?? (this.type === 'supervisor' ? Infinity : 5_000)
    this.significant = read.significant
    this.on = read.on
    this.relocate = read.relocate
    this.mailboxLimit = read.mailboxLimit
    this.stashLimit = read.stashLimit
    if (this.significant && this.restart === 'permanent') {
      throw badOption(`${of}.significant`, 'false for a permanent child', true)
    }
    if (this.on !== undefined && !definition.declared) {
      throw new TroupeError(
        'ERR_BAD_DEFINITION',
        `${of} is placed with \`on\`: class ${actorClass.name} needs @actor(name)`,
      )
    }
    Object.freeze(this)
  }

  /** The same with other options where they are given; how a template becomes a child. */
  as(id: string, options: ChildOptions): ChildSpec<A> {
    const { args, name, restart, shutdownMs, significant, on, relocate } = this
    const { mailboxLimit, stashLimit } = this
    const mine = { args, name, restart, shutdownMs, significant, on, relocate }
    const given = Object.entries(options).filter(([, value]) => value !== undefined)
    const merged = { ...mine, mailboxLimit, stashLimit, ...Object.fromEntries(given) }
    return new ChildSpec(id, this.actorClass, merged as ChildOptions)
  }
}

/** Options of a child may be left out where its class takes no arguments. */
type ChildRest<A> =
  undefined extends ArgsOf<A>
    ? [options?: ChildOptions<ArgsOf<A>>]
    : [options: ChildOptions<ArgsOf<A>> & { readonly args: ArgsOf<A> }]

/**
 * Declares a child of a supervisor.
 *
 * ```ts
 * override children() {
 *   return [child('score', Counter, { name: 'score' }), child('lobby', Lobby, { args: { seats: 4 } })]
 * }
 * ```
 *
 * @param id names it within its supervisor
 * @throws TroupeError ERR_BAD_OPTION, ERR_BAD_DEFINITION
 */
export function child<A extends Actor<unknown>>(
  id: string,
  actorClass: ChildClass<A>,
  ...[options]: ChildRest<A>
): ChildSpec<A> {
  return new ChildSpec(id, actorClass, options as ChildOptions | undefined)
}

/**
 * Declares what the children of a `dynamic` supervisor are made from. Arguments come with
 * `startChild(args)`; those given here are used when it has none. A child's id is `id/1`, `id/2`, …
 * unless `startChild` names it.
 *
 * @throws TroupeError ERR_BAD_OPTION, ERR_BAD_DEFINITION
 */
export function template<A extends Actor<unknown>>(
  id: string,
  actorClass: ChildClass<A>,
  options?: ChildOptions<ArgsOf<A>>,
): ChildSpec<A> {
  return new ChildSpec(id, actorClass, options as ChildOptions | undefined)
}

/**
 * Checks what `children()` returned against the strategy; `of` names the supervisor's class.
 * @throws TroupeError ERR_BAD_OPTION
 */
export function checkSpecs(of: string, strategy: Strategy, specs: unknown): readonly ChildSpec[] {
  const isSpec = (one: unknown): one is ChildSpec => one instanceof ChildSpec
  if (!Array.isArray(specs) || !specs.every(isSpec)) {
    throw badOption(`${of}.children()`, 'an array of what child() makes', specs)
  }
  const ids = new Set<string>()
  for (const spec of specs) {
    if (ids.has(spec.id)) {
      throw badOption(`${of}.children()`, 'without two children of one id', spec.id)
    }
    ids.add(spec.id)
    checkSpec(of, strategy, spec)
  }
  if (strategy.type === 'dynamic' && specs.length !== 1) {
    throw badOption(`${of}.children()`, 'one template under a dynamic strategy', specs.length)
  }
  if (specs.length > strategy.maxChildren) {
    throw badOption(
      `${of}.children()`,
      `at most maxChildren (${strategy.maxChildren}) children`,
      specs.length,
    )
  }
  return specs
}

/** @throws TroupeError ERR_BAD_OPTION when strategy and child do not go together, as in OTP */
export function checkSpec(of: string, strategy: Strategy, spec: ChildSpec): void {
  if (spec.significant && strategy.autoShutdown === 'never') {
    const rule = `false while ${of} has autoShutdown: 'never'`
    throw badOption(`child('${spec.id}').significant`, rule, true)
  }
}

/** True for a subclass of `Supervisor`, which declares itself by this static member. */
const isSupervisorClass = (actorClass: ChildClass): boolean =>
  (actorClass as { readonly childType?: unknown }).childType === 'supervisor'

type ReadOptions = { [K in keyof ChildOptions]-?: ChildOptions[K] | undefined } & {
  readonly restart: RestartType
  readonly significant: boolean
  readonly relocate: Relocate
}

const isAnything: Check<unknown> = check('anything', () => true)
const isShutdownMs = check<number>(
  'a number of milliseconds from 0 to 2147483647, or Infinity',
  (v) => v === Number.POSITIVE_INFINITY || (typeof v === 'number' && v >= 0 && v <= 2 ** 31 - 1),
)
const isOn = check<On>(
  "a node's name or a function of the members",
  (v) => typeof v === 'function' || (typeof v === 'string' && v !== ''),
)

const FIELDS = {
  args: { fallback: undefined, check: isAnything },
  name: { fallback: undefined, check: isText },
  restart: { fallback: 'permanent', check: oneOf('permanent', 'transient', 'temporary') },
  shutdownMs: { fallback: undefined, check: isShutdownMs },
  significant: { fallback: false, check: isBoolean },
  on: { fallback: undefined, check: isOn },
  relocate: { fallback: 'afterDown', check: oneOf('afterDown', 'never', 'majority') },
  mailboxLimit: { fallback: undefined, check: integer(1) },
  stashLimit: { fallback: undefined, check: integer(0) },
} as Fields<ReadOptions>

import { check, type Fields, isFunction, readOptions } from '../base/options.js'
import { GATED, type GateAccess, type Gated, type Rule } from '../peer/gate.js'
import { BYZANTINE, type Fault, type FaultArgument, type FaultOf, type Verb } from './fault.js'
import { badFault, noUserFault } from './fault-error.js'
import { FaultGate } from './fault-gate.js'
import { faultName } from './fault-part.js'
import { isRuleFault, ruleOf } from './fault-rule.js'
import { checkFault } from './fault-shape.js'
import { parseFault, printFault } from './fault-text.js'
import { WORKING_VERBS, worksOnNode } from './verb-place.js'

export interface FaultOptions {
  /** What shares and delays of messages are drawn from. Default 1. */
  readonly seed?: number | string
}

const OPTIONS = {
  seed: {
    fallback: 1,
    check: check<number | string>('a number or a string', (v) => /^(num|str)/.test(typeof v)),
  },
} as unknown as Fields<FaultOptions>

/** A fault at work on a node. */
export interface ActiveFault {
  readonly fault: Fault
  /** As `parseFault` reads it. */
  readonly text: string
  /** Frames it has hit so far; of a reset the connections, of `heal` and `resolve_all` the faults ended. */
  readonly hits: number
  /** False for what is done in one go, and after `end`. */
  readonly active: boolean
  /** What a rule of a user's fault threw; that ended the fault. */
  readonly error?: unknown
  /** Ends it; harmless when it has ended. */
  end(): void
}

/** What the body of a user's fault works with. */
export interface FaultSite {
  readonly node: string
  readonly seed: number | string
  /** A rule at the node's gate until the fault ends; see `Rule`. */
  rule(rule: Rule): void
  /** Breaks all connections to a peer and says how many. */
  reset(peer: string): number
}

/** Begins a user's fault. A function that it returns is called at the fault's end. */
export type FaultBody = (site: FaultSite, ...args: readonly FaultArgument[]) => unknown

/**
 * The faults of one node, real or simulated. While none is active the node's gate is open and nothing
 * is asked.
 */
export class Faults {
  readonly #access: GateAccess
  readonly #active = new Set<Injected>()
  readonly #bodies = new Map<string, FaultBody>()
  readonly #ended = new Map<Verb, number>()
  #seed: number | string

  constructor(access: GateAccess, seed: number | string) {
    this.#access = access
    this.#seed = seed
  }

  /** What shares of faults injected from now on are drawn from. */
  set seed(seed: number | string) {
    this.#seed = seed
  }

  /** The faults at work, oldest first. */
  get active(): readonly ActiveFault[] {
    return [...this.#active]
  }

  /** How often faults of each verb have hit something here, ended ones included. */
  get hits(): Readonly<Partial<Record<Verb, number>>> {
    const sums = new Map(this.#ended)
    for (const { fault, hits } of this.#active) {
      sums.set(fault.verb, (sums.get(fault.verb) ?? 0) + hits)
    }
    return Object.fromEntries(sums)
  }

  /**
   * Begins a fault, given as data or as text (see `parseFault`). Labels such as `a>b:add#2` count from
   * the injection of their fault on.
   *
   * @throws TroupeError ERR_BAD_FAULT for a malformed fault, one that only a simulation can do, one
   *   that has nothing to do with this node, and a user's fault that nobody has registered
   */
  inject(given: Fault | string): ActiveFault {
    const fault: unknown = typeof given === 'string' ? parseFault(given) : given
    checkFault(fault)
    const injected = new Injected(fault, (one) => this.#over(one))
    if (!worksOnNode(fault)) {
      throw badFault(
        `'${injected.text}' can only be done in a simulation; on a running node these work: ${WORKING_VERBS.join(', ')}`,
      )
    }
    this.#begin(injected)
    if (injected.active) this.#active.add(injected)
    else this.#count(injected)
    return injected
  }

  /** Ends all faults of this node. */
  resolveAll(): void {
    this.#endAll(() => true)
  }

  /**
   * Gives a fault of your own a name for `fault user NAME argument…` and `fault byzantine NODE NAME
   * argument…`; takes the place of an earlier one of that name.
   *
   * @throws TroupeError ERR_BAD_FAULT for a name that cannot stand in a text
   */
  register(name: string, body: FaultBody): void {
    if (!faultName.test(name) || BYZANTINE.some((own) => own === name)) {
      throw badFault(`'${name}' cannot be the name of a fault`)
    }
    if (!isFunction().test(body)) throw badFault(`the body of fault ${name} must be a function`)
    this.#bodies.set(name, body)
  }

  #begin(injected: Injected): void {
    const { fault } = injected
    switch (fault.verb) {
      case 'heal':
        injected.done(this.#endAll((one) => one.verb === 'partition'))
        return
      case 'resolve_all':
        injected.done(this.#endAll(() => true))
        return
      case 'connection':
        injected.done(this.#reset(fault))
        return
      case 'user':
        this.#beginUser(injected, fault)
        return
      default:
        this.#beginRule(injected)
    }
  }

  #beginRule(injected: Injected): void {
    const { fault, text } = injected
    const { node } = this.#access
    const rule = isRuleFault(fault)
      ? ruleOf(fault, { node, seed: this.#seed, at: 'either' })
      : undefined
    if (rule === undefined) {
      throw badFault(`'${text}' has nothing to do at node ${node}: inject it where it happens`)
    }
    const handle = new FaultGate(this.#access).add(rule)
    injected.counts(() => handle.hits)
    injected.onEnd(() => handle.remove())
  }

  #beginUser(injected: Injected, { name, args }: FaultOf<'user'>): void {
    const body = this.#bodies.get(name)
    if (body === undefined) throw noUserFault(name, this.#bodies.keys())
    const { gate, node } = this.#access
    let hits = 0
    injected.counts(() => hits)
    const site: FaultSite = {
      node,
      seed: this.#seed,
      reset: (peer) => this.#access.reset(peer),
      rule: (rule) => {
        if (!injected.active) throw badFault(`'${injected.text}' has ended`)
        const remove = gate.add((frame) => {
          try {
            const ruling = rule(frame)
            if (ruling !== undefined) hits++
            return ruling
          } catch (error) {
            injected.fail(error)
            return undefined
          }
        })
        injected.onEnd(remove)
      },
    }
    try {
      const end = body(site, ...args)
      if (typeof end === 'function') injected.onEnd(() => void end())
    } catch (error) {
      injected.end()
      throw error
    }
  }

  #reset({ a, b }: FaultOf<'connection'>): number {
    const { node } = this.#access
    if (a !== node && b !== node) {
      throw badFault(`'connection ${a} ${b} reset' has nothing to do at node ${node}`)
    }
    return this.#access.reset(a === node ? b : a)
  }

  #endAll(which: (fault: Fault) => boolean): number {
    let ended = 0
    for (const injected of [...this.#active]) {
      if (!which(injected.fault)) continue
      injected.end()
      ended++
    }
    return ended
  }

  #over(injected: Injected): void {
    if (this.#active.delete(injected)) this.#count(injected)
  }

  #count({ fault, hits }: Injected): void {
    this.#ended.set(fault.verb, (this.#ended.get(fault.verb) ?? 0) + hits)
  }
}

class Injected implements ActiveFault {
  readonly fault: Fault
  readonly text: string
  readonly #over: (injected: Injected) => void
  readonly #ends: (() => void)[] = []
  #hits: () => number = () => 0
  #active = true
  #error: unknown

  constructor(fault: Fault, over: (injected: Injected) => void) {
    this.fault = fault
    this.text = printFault(fault)
    this.#over = over
  }

  get hits(): number {
    return this.#hits()
  }

  get active(): boolean {
    return this.#active
  }

  get error(): unknown {
    return this.#error
  }

  fail(error: unknown): void {
    this.#error = error
    this.end()
  }

  counts(hits: () => number): void {
    this.#hits = hits
  }

  onEnd(run: () => void): void {
    this.#ends.push(run)
  }

  /** It was done in one go. */
  done(hits: number): void {
    const all = (): number => hits
    this.#hits = all
    this.#active = false
  }

  end(): void {
    if (!this.#active) return
    this.#active = false
    for (const run of this.#ends.splice(0)) run()
    this.#over(this)
  }
}

const known = new WeakMap<GateAccess, Faults>()

/**
 * The faults of a running node, the same object each time. `seed`, where given, counts for what is
 * injected from then on.
 *
 *     const heal = faults(node).inject('partition { a } { b c }')
 *     heal.end()
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function faults(node: Gated, options?: FaultOptions): Faults {
  const { seed = 1 } = readOptions('faults', OPTIONS, options)
  const access = node[GATED]
  let found = known.get(access)
  if (found === undefined) {
    found = new Faults(access, seed)
    known.set(access, found)
  } else if (options?.seed !== undefined) found.seed = seed
  return found
}

import { unreachable } from '../base/unreachable.js'
import { type Fault, type FaultOf, isLabel, type RuleFault } from '../fault/fault.js'
import { badFault, noUserFault } from '../fault/fault-error.js'
import { checkFault } from '../fault/fault-shape.js'
import { printFault } from '../fault/fault-text.js'
import type { SimCluster } from './sim-cluster.js'
import type { DiskState } from './sim-store.js'

/** Faults that are rules about messages, at the gates of all nodes. */
export interface RuleFaults {
  add(fault: RuleFault | FaultOf<'crash'>): StandingRule
}

export interface StandingRule {
  /** It has done something. */
  readonly met: boolean
  end(): void
}

/** A user's fault: does it, and gives what ends it. */
export type UserFault = (
  cluster: SimCluster,
  ...args: readonly (string | number | boolean)[]
) => (() => void) | undefined

/**
 * Does to the nodes of a simulated cluster what faults say. Ways are cut in the network itself:
 * connections stay open and silent, and what is sent waits, as TCP keeps retransmitting.
 */
export class SimFaults {
  readonly #cluster: SimCluster
  readonly #rules: RuleFaults
  readonly #users: Readonly<Record<string, UserFault>>
  readonly #broken: (error: unknown) => void
  /** What ends those that last, by their text. */
  readonly #ends = new Map<string, () => void>()
  /** Faults about single messages, those that have ended too. */
  readonly #labelled: { readonly text: string; readonly rule: StandingRule }[] = []

  /** `broken` hears of a node that did not start anew. */
  constructor(
    cluster: SimCluster,
    rules: RuleFaults,
    users: Readonly<Record<string, UserFault>>,
    broken: (error: unknown) => void,
  ) {
    this.#cluster = cluster
    this.#rules = rules
    this.#users = users
    this.#broken = broken
  }

  /** The texts of faults that last now. */
  get active(): string[] {
    return [...this.#ends.keys()]
  }

  /** The texts of faults about messages that have not come so far. */
  get unmet(): string[] {
    const met = new Set(this.#labelled.filter(({ rule }) => rule.met).map(({ text }) => text))
    return [...new Set(this.#labelled.map(({ text }) => text))].filter((text) => !met.has(text))
  }

  /**
   * Refuses what cannot be done here.
   * @throws TroupeError ERR_BAD_FAULT for what is no fault, an unknown node or user fault
   */
  check(fault: Fault): void {
    checkFault(fault)
    for (const name of nodesIn(fault)) {
      if (this.#cluster.has(name)) continue
      const known = this.#cluster.names.join(', ')
      throw badFault(`${printFault(fault)}: there is no node ${name}; there are: ${known}`)
    }
    if (fault.verb === 'user' && !Object.hasOwn(this.#users, fault.name)) {
      throw noUserFault(fault.name, Object.keys(this.#users))
    }
  }

  /** Refuses the end of what is not at work. @throws TroupeError ERR_BAD_FAULT */
  checkEnd(fault: Fault): void {
    const text = printFault(fault)
    if (this.#ends.has(text)) return
    throw badFault(`'${text}' is not at work; at work: ${this.active.join(', ') || 'none'}`)
  }

  inject(fault: Fault): void {
    this.check(fault)
    const { sim } = this.#cluster
    switch (fault.verb) {
      case 'partition':
        this.#last(fault, this.#partition(fault.groups, fault.oneway))
        return
      case 'heal':
        sim.heal()
        for (const text of this.active) if (text.startsWith('fault partition')) this.#end(text)
        return
      case 'crash':
        if (fault.after === undefined) this.#cluster.crash(fault.node, fault.loseUnsynced)
        else this.#rule(fault)
        return
      case 'restart':
        this.#cluster.crash(fault.node, fault.loseUnsynced)
        this.#boot(fault.node)
        return
      case 'pause':
        sim.pause(fault.node)
        return
      case 'resume':
        sim.resume(fault.node)
        return
      case 'connection':
        sim.resetConnections(fault.a, fault.b)
        return
      case 'clock':
        this.#clock(fault.node, fault.how, fault.amount)
        return
      case 'store':
        this.#last(fault, () => sim.disk(fault.node, this.#diskOf(fault.node)))
        sim.disk(fault.node, fault.how)
        return
      case 'resolve_all':
        this.resolveAll()
        return
      case 'user':
        this.#last(fault, this.#users[fault.name]?.(this.#cluster, ...fault.args) ?? (() => {}))
        return
      case 'egress_delay':
      case 'ingress_delay':
      case 'omit':
      case 'omit_send':
      case 'omit_receive':
      case 'omit_all':
      case 'duplicate':
      case 'reorder':
        this.#rule(fault)
        return
      case 'byzantine':
        if (fault.where === 'wire') this.#rule(fault)
        else {
          this.#last(fault, () => sim.corruptReads(fault.node, 0))
          sim.corruptReads(fault.node, 1, fault.percent)
        }
        return
      default:
        unreachable(fault)
    }
  }

  /** Ends a fault that lasts. */
  end(fault: Fault): void {
    this.#end(printFault(fault))
  }

  /** All is well again: ways open, rules gone, clocks and disks sound, paused programs go on, crashed ones start anew. */
  resolveAll({ restart = true } = {}): void {
    const { sim, names } = this.#cluster
    for (const text of this.active) this.#end(text)
    sim.heal()
    for (const name of names) {
      sim.resume(name)
      sim.skew(name, { offsetMs: 0, driftPpm: 0 })
      if (restart && !this.#cluster.isStarted(name)) this.#boot(name)
    }
  }

  #partition(groups: readonly (readonly string[])[], oneWay: boolean): () => void {
    const { sim } = this.#cluster
    const heals: (() => void)[] = []
    for (const [at, from] of groups.entries()) {
      for (const to of groups.slice(at + 1)) heals.push(sim.partition(from, to, { oneWay }))
    }
    return () => {
      for (const heal of heals) heal()
    }
  }

  #clock(node: string, how: 'offset' | 'drift' | 'jump', amount: number): void {
    const { sim } = this.#cluster
    if (how === 'offset') sim.skew(node, { offsetMs: amount })
    else if (how === 'drift') sim.skew(node, { driftPpm: amount })
    else sim.jump(node, amount)
  }

  /** As the latest fault that is still at work wants it. */
  #diskOf(node: string): DiskState {
    const prefix = `fault store ${node} `
    const last = this.active.findLast((text) => text.startsWith(prefix))
    return last === undefined ? 'sound' : (last.slice(prefix.length) as DiskState)
  }

  #boot(name: string): void {
    this.#cluster.restart(name).catch(this.#broken)
  }

  #rule(fault: RuleFault | FaultOf<'crash'>): void {
    const rule = this.#rules.add(fault)
    this.#last(fault, () => rule.end())
    if (isLabelled(fault)) this.#labelled.push({ text: printFault(fault), rule })
  }

  /** The same fault once more replaces the one that lasts. */
  #last(fault: Fault, end: () => void): void {
    const text = printFault(fault)
    this.#end(text)
    this.#ends.set(text, end)
  }

  #end(text: string): void {
    const end = this.#ends.get(text)
    this.#ends.delete(text)
    end?.()
  }
}

/** It is about single messages. */
const isLabelled = (fault: Fault): boolean =>
  fault.verb === 'omit' ||
  (fault.verb === 'crash' && fault.after !== undefined) ||
  (fault.verb === 'duplicate' && isLabel(fault.what))

/** It is at work until its end; others are done in one go. */
export function lasts(fault: Fault): boolean {
  switch (fault.verb) {
    case 'heal':
    case 'restart':
    case 'pause':
    case 'resume':
    case 'connection':
    case 'clock':
    case 'resolve_all':
      return false
    case 'crash':
      return fault.after !== undefined
    default:
      return true
  }
}

/** The nodes that a fault names. */
export function nodesIn(fault: Fault): readonly string[] {
  switch (fault.verb) {
    case 'partition':
      return fault.groups.flat()
    case 'omit':
      return [fault.message.from, fault.message.to]
    case 'duplicate':
    case 'reorder': {
      const { from, to } = fault.verb === 'duplicate' ? fault.what : fault
      return [from, to].filter((name) => name !== '*')
    }
    case 'connection':
      return [fault.a, fault.b]
    case 'heal':
    case 'resolve_all':
    case 'user':
      return []
    case 'crash':
      return fault.after === undefined
        ? [fault.node]
        : [fault.node, fault.after.from, fault.after.to]
    default:
      return 'peer' in fault && fault.peer !== '*' ? [fault.node, fault.peer] : [fault.node]
  }
}

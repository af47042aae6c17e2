import type { FaultOf, RuleFault } from '../fault/fault.js'
import {
  FaultGate,
  type FaultRule,
  type NumberedMessage,
  type RuleHandle,
} from '../fault/fault-gate.js'
import { ruleOf, watchOf } from '../fault/fault-rule.js'
import { type FrameInfo, GATED, type Ruling } from '../peer/gate.js'
import type { Choices } from './choices.js'
import { isOfActors } from './messages/message-bus.js'
import type { SimCluster } from './sim-cluster.js'
import type { RuleFaults, StandingRule } from './sim-faults.js'

/** Hears of what rules do to messages. */
export type OnRuling = (
  node: string,
  ruling: Ruling,
  message: NumberedMessage,
  frame: FrameInfo,
) => void

/** What a rule does at one node's gate; undefined: nothing there. */
type RuleAt = (node: string) => FaultRule | undefined

/** How often choices befall messages, each from 0 to 1. */
export interface Shares {
  readonly loss: number
  readonly duplication: number
  /** How often the sender crashes before it sends one. */
  readonly stops: number
  /** So many nodes crash in that way, at most. */
  readonly stopped: number
}

class Standing implements StandingRule {
  readonly ruleAt: RuleAt
  readonly handles = new Map<string, RuleHandle>()
  readonly #ended: (standing: Standing) => void
  met = false

  constructor(ruleAt: RuleAt, ended: (standing: Standing) => void) {
    this.ruleAt = ruleAt
    this.#ended = ended
  }

  end(): void {
    this.#ended(this)
    for (const handle of this.handles.values()) handle.remove()
  }
}

/**
 * Faults about messages, at the gates of all nodes of a simulated cluster, those that are started anew
 * included. What is done to single messages is done where they arrive.
 */
export class SimRules implements RuleFaults {
  readonly #cluster: SimCluster
  readonly #seed: string
  readonly #onRuling: OnRuling | undefined
  readonly #gates = new Map<string, FaultGate>()
  readonly #standing = new Set<Standing>()
  #stays = false

  constructor(cluster: SimCluster, seed: string, onRuling: OnRuling | undefined) {
    this.#cluster = cluster
    this.#seed = seed
    this.#onRuling = onRuling
    cluster.events.on('started', ({ node }) => this.#started(node))
    // Whoever hears of rulings must be asked after them.
    if (onRuling !== undefined) this.#stay()
  }

  /**
   * Numbers messages from now on: what faults call `n1>n2:add#1` is the first after this, else the first
   * after a fault that names messages.
   */
  number(): void {
    this.#stand(() => ({ named: true, judge: () => undefined }))
  }

  add(fault: RuleFault | FaultOf<'crash'>): StandingRule {
    const seed = this.#seed
    const standing: Standing = this.#stand((node) => {
      if (fault.verb === 'crash') return this.#crashRule(fault, node, () => standing)
      const rule = ruleOf(fault, { node, seed, at: 'arrival' })
      return rule && noticed(rule, () => standing)
    })
    return standing
  }

  /**
   * Lets choices decide for every message that arrives whether its sender has crashed before, whether it is lost,
   * or comes twice. `actorsOnly`: what nodes send for themselves always arrives.
   */
  decide(choices: Choices, shares: Shares, actorsOnly: boolean): void {
    const { loss, duplication, stops, stopped } = shares
    const down = new Set<string>()
    const decide = ({ direction, envelope }: FrameInfo, message: NumberedMessage | undefined) => {
      if (direction === 'out' || message === undefined) return undefined
      if (actorsOnly && !isOfActors(envelope)) return undefined
      const { from, to, name, ordinal } = message
      const label = `${from}>${to}:${name}#${ordinal}`
      if (down.has(from)) return DROP
      if (stops > 0 && down.size < stopped) {
        if (choices.choose(`crash ${from} at ${label}`, 2, stops) === 1) {
          down.add(from)
          this.#cluster.crashSoon(from, false)
          return DROP
        }
      }
      if (loss > 0 && choices.choose(`drop ${label}`, 2, loss) === 1) return DROP
      if (duplication > 0 && choices.choose(`duplicate ${label}`, 2, duplication) === 1)
        return TWICE
      return undefined
    }
    this.#stand(() => ({ named: true, judge: decide }))
  }

  /** Once: not again where messages are numbered anew. */
  #crashRule(
    { node, after, loseUnsynced }: FaultOf<'crash'>,
    at: string,
    standing: () => Standing,
  ): FaultRule | undefined {
    if (after === undefined) return undefined
    return watchOf(after, at, () => {
      if (standing().met) return
      standing().met = true
      this.#cluster.crashSoon(node, loseUnsynced)
    })
  }

  /** A gate that was ever in use stays, with its numbers. */
  #stay(): void {
    if (this.#stays) return
    this.#stays = true
    this.#stand(() => ({ named: false, judge: () => undefined }))
  }

  #stand(ruleAt: RuleAt): Standing {
    this.#stay()
    const standing = new Standing(ruleAt, (one) => this.#standing.delete(one))
    this.#standing.add(standing)
    for (const node of this.#cluster.nodes.keys()) this.#place(standing, node)
    return standing
  }

  #started(name: string): void {
    this.#gates.delete(name)
    for (const standing of this.#standing) this.#place(standing, name)
  }

  #place(standing: Standing, name: string): void {
    const rule = standing.ruleAt(name)
    const node = this.#cluster.running(name)
    if (rule === undefined || node === undefined) return
    let gate = this.#gates.get(name)
    if (gate === undefined) {
      gate = new FaultGate(node[GATED])
      this.#gates.set(name, gate)
    }
    standing.handles.set(name, gate.add(this.#watched(name, rule)))
  }

  #watched(node: string, rule: FaultRule): FaultRule {
    const report = this.#onRuling
    if (report === undefined) return rule
    return {
      named: rule.named,
      judge: (frame, message, content) => {
        const ruling = rule.judge(frame, message, content)
        if (ruling !== undefined && message !== undefined) report(node, ruling, message, frame)
        return ruling
      },
    }
  }
}

/** The rule, which says when it has done something. */
function noticed(rule: FaultRule, standing: () => Standing): FaultRule {
  return {
    named: rule.named,
    judge: (frame, message, content) => {
      const ruling = rule.judge(frame, message, content)
      if (ruling !== undefined) standing().met = true
      return ruling
    },
  }
}

const DROP: Ruling = { type: 'drop' }
const TWICE: Ruling = { type: 'twice' }

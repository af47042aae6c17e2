import { Heap } from '../base/heap.js'
import { type Random, seededRandom } from '../base/random.js'
import type { Fault } from '../fault/fault.js'
import { printFault } from '../fault/fault-text.js'
import { AMOUNTS } from './fault-amounts.js'
import { FAULTY_KINDS, type FaultKind, type FaultModel } from './fault-model.js'

/** A fault and when it happens, in virtual microseconds since the workload began. */
export interface FaultLine {
  readonly atUs: number
  readonly fault: Fault
  /** This is the end of that fault, which has lasted until now. */
  readonly ends: boolean
  /** The workload's own happen again by themselves when a run is repeated. */
  readonly by: 'schedule' | 'workload'
  /** Of one that has happened: after so many calls and returns of clients, for what has one time still has an order. */
  readonly order?: number
}

/** What is wrong, and how it ends. */
interface Ending {
  readonly atUs: number
  readonly fault: Fault
  readonly ends: boolean
  readonly node: string | undefined
  readonly partition: boolean
}

/**
 * The faults of a run, one after another, as they follow from its seed, its model and its nodes. It
 * knows no run: what it says is the same whatever the nodes do.
 */
export function* faultSchedule(
  model: FaultModel,
  seed: string,
  names: readonly string[],
): Generator<FaultLine, void> {
  const random = seededRandom(`${seed}/faults`)
  const { everyMs, most } = model.options
  const kinds = kindsOf(model, random.fork('swarm'), names.length)
  if (kinds.length === 0) return
  const state = new State(model, names, random)
  let nextUs = state.span(everyMs)
  for (let count = 0; count < most || state.open; ) {
    const end = state.ending
    if (end !== undefined && (end.atUs <= nextUs || count >= most)) {
      state.close()
      yield { atUs: end.atUs, fault: end.fault, ends: end.ends, by: 'schedule' }
      continue
    }
    // What can begin only when something ends, and nothing is to end, never begins.
    if (end === undefined && !kinds.some(([kind]) => state.mayBegin(kind))) return
    const kind = weighted(kinds, random)
    const fault = state.begin(kind, nextUs)
    if (fault !== undefined) {
      count++
      yield { atUs: nextUs, fault, ends: false, by: 'schedule' }
    }
    nextUs += state.span(everyMs)
  }
}

/** A kind, or a fault of the scenario's own. */
type Drawn = FaultKind | { readonly user: string }
type Weighted = readonly (readonly [what: Drawn, weight: number])[]

function kindsOf(model: FaultModel, random: Random, nodes: number): Weighted {
  const { weights, user, swarm } = model.options
  const possible: (readonly [Drawn, number])[] = [
    ...model.kinds(nodes).map((kind) => [kind, weights[kind] ?? 0] as const),
    ...Object.entries(user)
      .map(([name, { weight = 1 }]) => [{ user: name }, weight] as const)
      .filter(([, weight]) => weight > 0),
  ]
  if (!swarm || possible.length <= 1) return possible
  const chosen = possible.filter(() => random.int(4) > 0)
  return chosen.length > 0 ? chosen : [random.pick(possible)]
}

function weighted(kinds: Weighted, random: Random): Drawn {
  const total = kinds.reduce((sum, [, weight]) => sum + weight, 0)
  let left = random.float() * total
  for (const [kind, weight] of kinds) {
    left -= weight
    if (left < 0) return kind
  }
  return (kinds.at(-1) as Weighted[number])[0]
}

/** Which nodes are in trouble, and what is to end when. */
class State {
  readonly #model: FaultModel
  readonly #names: readonly string[]
  readonly #random: Random
  readonly #endings = new Heap<Ending>((a, b) => a.atUs < b.atUs)
  readonly #faulty = new Set<string>()
  /** Rules at work, by their text. */
  readonly #lasting = new Set<string>()
  #cut = false

  constructor(model: FaultModel, names: readonly string[], random: Random) {
    this.#model = model
    this.#names = names
    this.#random = random
  }

  get ending(): Ending | undefined {
    return this.#endings.peek()
  }

  get open(): boolean {
    return this.#endings.peek() !== undefined
  }

  span([from, to]: readonly [number, number]): number {
    const leastUs = Math.round(from * 1000)
    return leastUs + this.#random.int(Math.round(to * 1000) - leastUs + 1)
  }

  close(): void {
    const end = this.#endings.pop()
    if (end?.node !== undefined) this.#faulty.delete(end.node)
    if (end?.ends) this.#lasting.delete(printFault(end.fault))
    if (end?.partition) this.#cut = false
  }

  mayBegin(kind: Drawn): boolean {
    if (typeof kind === 'object') return true
    if (kind === 'partition' || kind === 'oneway') return !this.#cut
    const { faulty } = this.#model.options
    return !FAULTY_KINDS.has(kind) || this.#faulty.size < Math.min(faulty, this.#names.length)
  }

  /** The fault itself; its end is set down. Undefined: not now. */
  begin(kind: Drawn, atUs: number): Fault | undefined {
    if (typeof kind === 'object') return this.#user(kind.user, atUs)
    switch (kind) {
      case 'partition':
      case 'oneway':
        return this.#partition(kind === 'oneway', atUs)
      case 'crash':
      case 'powerLoss':
        return this.#crash(kind === 'powerLoss', atUs)
      case 'pause': {
        const node = this.#victim()
        if (node === undefined) return undefined
        this.#end(atUs, { verb: 'resume', node }, node)
        return { verb: 'pause', node }
      }
      case 'omitSend':
      case 'omitReceive': {
        const verb = kind === 'omitSend' ? 'omit_send' : 'omit_receive'
        const percent = this.#random.pick(AMOUNTS.omitPercent)
        return this.#rule(atUs, true, (node) => ({ verb, node, peer: '*', percent }))
      }
      case 'bitflip': {
        const percent = this.#random.pick(AMOUNTS.bitflipPercent)
        const how = this.#random.pick(['bitflip', 'corrupt'] as const)
        return this.#rule(atUs, true, (node) => {
          return { verb: 'byzantine', node, how, where: 'wire', percent }
        })
      }
      case 'stale': {
        const percent = this.#random.pick(AMOUNTS.stalePercent)
        return this.#rule(atUs, true, (node) => {
          return { verb: 'byzantine', node, how: 'stale', where: 'wire', percent }
        })
      }
      case 'delay': {
        const verb = this.#random.pick(['egress_delay', 'ingress_delay'] as const)
        const ms = this.#random.pick(AMOUNTS.delayMs)
        return this.#rule(atUs, false, (node, peer) => ({ verb, node, peer, ms }))
      }
      case 'duplicate': {
        const percent = this.#random.pick(AMOUNTS.duplicatePercent)
        return this.#rule(atUs, false, (from, to) => {
          return { verb: 'duplicate', what: { from, to }, percent }
        })
      }
      case 'reorder': {
        const windowMs = this.#random.pick(AMOUNTS.reorderMs)
        return this.#rule(atUs, false, (from, to) => ({ verb: 'reorder', from, to, windowMs }))
      }
      case 'reset': {
        const [a = '', b = ''] = this.#random.sample(this.#names, 2)
        return { verb: 'connection', a, b, how: 'reset' }
      }
      case 'clock':
        return this.#clock()
      case 'store':
        return this.#store(atUs)
    }
  }

  #partition(oneway: boolean, atUs: number): Fault | undefined {
    if (this.#cut) return undefined
    const names = this.#random.sample(this.#names, this.#names.length)
    const size = 1 + this.#random.int(names.length - 1)
    const groups = [names.slice(0, size).sort(), names.slice(size).sort()]
    this.#cut = true
    this.#end(atUs, { verb: 'heal' }, undefined, { partition: true })
    return { verb: 'partition', groups, oneway }
  }

  #crash(loseUnsynced: boolean, atUs: number): Fault | undefined {
    const node = this.#victim()
    if (node === undefined) return undefined
    if (this.#model.options.recover) {
      this.#end(atUs, { verb: 'restart', node, loseUnsynced: false }, node)
    }
    return { verb: 'crash', node, loseUnsynced }
  }

  /** A rule about messages; it ends by `end`, which names it. */
  #rule(
    atUs: number,
    counts: boolean,
    make: (node: string, peer: string) => Fault,
  ): Fault | undefined {
    const [any = '', peer = ''] = this.#random.sample(this.#names, 2)
    const node = counts ? this.#victim() : any
    if (node === undefined) return undefined
    const fault = make(node, peer)
    // The same once more would end with the first of the two.
    const text = printFault(fault)
    if (this.#lasting.has(text)) return undefined
    this.#lasting.add(text)
    this.#end(atUs, fault, counts ? node : undefined, { ends: true })
    return fault
  }

  #user(name: string, atUs: number): Fault | undefined {
    const { args = [] } = this.#model.options.user[name] ?? {}
    const fault: Fault = { verb: 'user', name, args: args.map((of) => this.#random.pick(of)) }
    const text = printFault(fault)
    if (this.#lasting.has(text)) return undefined
    this.#lasting.add(text)
    this.#end(atUs, fault, undefined, { ends: true })
    return fault
  }

  #clock(): Fault {
    const node = this.#random.pick(this.#names)
    const how = this.#random.pick(['offset', 'drift', 'jump'] as const)
    const sign = this.#random.pick([-1, 1])
    const amounts = how === 'drift' ? AMOUNTS.driftPpm : AMOUNTS.clockMs
    return { verb: 'clock', node, how, amount: sign * this.#random.pick(amounts) }
  }

  #store(atUs: number): Fault | undefined {
    const how = this.#random.pick(AMOUNTS.disk)
    const node = this.#victim()
    if (node === undefined) return undefined
    const fault: Fault = { verb: 'store', node, how }
    this.#end(atUs, fault, node, { ends: true })
    return fault
  }

  /** A node that is well, if one more may be in trouble. */
  #victim(): string | undefined {
    if (this.#faulty.size >= this.#model.options.faulty) return undefined
    const well = this.#names.filter((name) => !this.#faulty.has(name))
    if (well.length === 0) return undefined
    const node = this.#random.pick(well)
    this.#faulty.add(node)
    return node
  }

  #end(
    atUs: number,
    fault: Fault,
    node: string | undefined,
    { ends = false, partition = false } = {},
  ): void {
    const endUs = atUs + this.span(this.#model.options.lastMs)
    this.#endings.push({ atUs: endUs, fault, ends, node, partition })
  }
}

import { EventHash } from './event-hash.js'
import type { Flight } from './messages/flight.js'
import type { Op } from './op.js'
import { toPlain } from './plain.js'

/** One thing that came to a node. */
export interface Input {
  /** What it is, with its contents and the virtual millisecond. */
  readonly what: string
  /** Of a message of actors: how choices call it. Else ''. */
  label: string
}

/** What came to a node in a run, and what left it. */
export class NodeExchange {
  readonly got: Input[] = []
  /** Messages and results of operations, each with the input it followed on. */
  readonly gave: string[] = []
  lastUs = Number.NEGATIVE_INFINITY
  #beforeUs = Number.NEGATIVE_INFINITY

  take(input: Input, nowUs: number): void {
    this.got.push(input)
    this.#beforeUs = this.lastUs
    this.lastUs = nowUs
  }

  /** The latest input did not come after all. */
  takeBack(): void {
    this.got.pop()
    this.lastUs = this.#beforeUs
  }
}

/** A message at the gate. */
export interface Arrival {
  /** It does not arrive, or not now. */
  lost(): void
}

/** A choice that was asked for. */
export interface Question {
  readonly label: string
  /** Virtual time. */
  readonly atUs: number
}

/** What is given so soon after an input was given because of it, or might have been. */
const PROMPT_US = 500

/**
 * What each node of a world of messages gets and gives from the beginning of the workload, by contents and time:
 * nodes share nothing, so one that gets the same gives the same. Times are kept to the millisecond: a loss moves what
 * comes later by microseconds.
 */
export class Exchanges implements Arrival {
  readonly nodes = new Map<string, NodeExchange>()
  /** Nodes whose insides a check or the workload has looked at. */
  readonly looked = new Set<string>()
  /** What choices were asked, and when. */
  readonly questions: Question[] = []
  #arriving: { readonly exchange: NodeExchange; readonly input: Input } | undefined
  #open = false
  #nowUs = (): number => 0

  begin(nodes: readonly string[], nowUs: () => number): void {
    for (const node of nodes) this.nodes.set(node, new NodeExchange())
    this.#nowUs = nowUs
    this.#open = true
  }

  end(): void {
    this.#open = false
  }

  /** Choices were asked whether the message that arrives now is lost, or its sender has crashed before. */
  asked(label: string): void {
    this.questions.push({ label, atUs: this.#nowUs() })
    if (this.#arriving !== undefined) this.#arriving.input.label = label
  }

  /** A message comes to the gate of its receiver; what comes back is told where it does not cross it. */
  arriving(from: string, to: string, { kind, channel, bytes, copies }: Flight): Arrival {
    this.#arriving = this.#got(to, `${from} ${kind} ${channel} ${copies} ${contents(bytes)}`)
    return this
  }

  lost(): void {
    this.#arriving?.exchange.takeBack()
    this.#arriving = undefined
  }

  sent(from: string, to: string, kind: number, channel: string, bytes: Uint8Array): void {
    this.#gave(from, `${to} ${kind} ${channel} ${contents(bytes)}`)
  }

  called({ node, client, name, args }: Op): void {
    this.#got(node, `${client} ${name} ${JSON.stringify(args)}`)
  }

  returned({ node, client, status, value, code }: Op): void {
    this.#gave(node, `${client} ${status} ${JSON.stringify(toPlain(value))} ${code}`)
  }

  /** A fault or the end of a node, which each of them may notice. */
  befell(what: string): void {
    for (const node of this.nodes.keys()) this.#got(node, what)
  }

  #got(node: string, what: string) {
    const exchange = this.nodes.get(node)
    if (!this.#open || exchange === undefined) return undefined
    const nowUs = this.#nowUs()
    const input: Input = { what: `${what} ${ms(nowUs)}`, label: '' }
    exchange.take(input, nowUs)
    return { exchange, input }
  }

  #gave(node: string, what: string): void {
    const exchange = this.nodes.get(node)
    if (!this.#open || exchange === undefined) return
    const nowUs = this.#nowUs()
    const prompt = nowUs - exchange.lastUs <= PROMPT_US
    const after = prompt ? exchange.got.at(-1)?.what : undefined
    exchange.gave.push(`${what} ${ms(nowUs)} after ${after}`)
  }
}

const ms = (us: number): number => Math.round(us / 1000)

function contents(bytes: Uint8Array): string {
  const hash = new EventHash()
  hash.bytes(bytes)
  return hash.value
}

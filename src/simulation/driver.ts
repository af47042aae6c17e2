import { codeOf, messageOf } from '../base/errors.js'
import type { Random } from '../base/random.js'
import { isRefusal } from '../base/refusal.js'
import type { Fault } from '../fault/fault.js'
import type { Node } from '../node/node.js'
import type { Clock } from '../world/clock.js'
import type { History, Op, Outcome, Plain } from './op.js'
import type { Operation } from './scenario.js'
import { notRunning, type SimCluster, unknownNode } from './sim-cluster.js'
import { withPlace } from './user-place.js'

/** What clients share. */
export interface DriverGround {
  readonly cluster: SimCluster
  readonly history: History
  readonly operations: Readonly<Record<string, Operation>>
  /** Of the clients' own host, which nothing befalls. */
  readonly clock: Clock
  readonly random: Random
  readonly seed: string
  readonly callTimeoutMs: number
  nowUs(): number
  /** Somebody may look into that node. */
  looked(node: string): void
  inject(fault: Fault | string, ends: boolean): void
  called(op: Op): void
  returned(op: Op): void
  reached(name: string): void
  note(tag: string, data: Plain): void
}

/**
 * A simulated client: it calls the scenario's operations, one after another, and draws from a random
 * stream of its own. Wait for nothing but what it offers.
 */
export class Client {
  readonly name: string
  /** The node that `call` goes to. */
  readonly node: string
  /** Follows from the run's seed and the client's name. */
  readonly random: Random
  protected readonly ground: DriverGround

  constructor(ground: DriverGround, name: string, node: string) {
    this.ground = ground
    this.name = name
    this.node = node
    this.random = ground.random.fork(name)
  }

  /** The run's seed. */
  get seed(): string {
    return this.ground.seed
  }

  /** Virtual milliseconds. */
  get nowMs(): number {
    return this.ground.nowUs() / 1000
  }

  /** Does an operation on this client's node; tells what became of it and never rejects. */
  call(operation: string, ...args: readonly Plain[]): Promise<Outcome> {
    return this.callOn(this.node, operation, ...args)
  }

  /** Does an operation on that node. */
  callOn(node: string, operation: string, ...args: readonly Plain[]): Promise<Outcome> {
    const { operations, cluster } = this.ground
    const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined
    if (run === undefined) {
      const known = Object.keys(operations).join(', ')
      throw new RangeError(`there is no operation ${operation}; there are: ${known}`)
    }
    if (!cluster.has(node)) throw unknownNode(node, cluster.names)
    return this.#perform(node, operation, run, args)
  }

  /** Does an operation and gives its value. @throws an Error that ends the run, when it was not `ok` */
  async must(operation: string, ...args: readonly Plain[]): Promise<Plain> {
    const { status, value, code, message } = await this.call(operation, ...args)
    if (status === 'ok') return value
    throw new Error(`${operation} on ${this.node} was not done: ${message} (${code})`)
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.ground.clock.after(ms, resolve)
    })
  }

  /** Resolves when it holds; asked every `everyMs`. Rejects, and so ends the run, after `withinMs` (default 30,000). */
  async until(
    what: string,
    holds: () => boolean,
    options: { readonly withinMs?: number; readonly everyMs?: number } = {},
  ): Promise<void> {
    const { withinMs = 30_000, everyMs = 50 } = options
    const endMs = this.nowMs + withinMs
    while (!holds()) {
      if (this.nowMs >= endMs) throw new Error(`${what} was not reached within ${withinMs} ms`)
      await this.sleep(everyMs)
    }
  }

  flip(): boolean {
    return this.random.int(2) === 0
  }

  /** From 0 to `below` - 1. */
  int(below: number): number {
    return this.random.int(below)
  }

  pick<T>(items: readonly T[]): T {
    return this.random.pick(items)
  }

  /** A situation of the scenario's `sometimes` checks. */
  reached(name: string): void {
    this.ground.reached(name)
  }

  /** A line in the trace. */
  note(tag: string, data?: Plain): void {
    this.ground.note(tag, data)
  }

  async #perform(
    node: string,
    name: string,
    run: Operation,
    args: readonly Plain[],
  ): Promise<Outcome> {
    const { history, called, returned, nowUs } = this.ground
    const { index } = history.call(this.name, node, name, args, nowUs())
    called(history.ops[index] as Op)
    const outcome = await this.#attempt(node, run, args)
    returned(history.return(index, outcome, nowUs()))
    return outcome
  }

  /** The operation, or what comes first: the end of its node, the client's patience. */
  async #attempt(name: string, run: Operation, args: readonly Plain[]): Promise<Outcome> {
    const { cluster, clock, callTimeoutMs } = this.ground
    const node = cluster.running(name)
    if (node === undefined) return failure('fail', notRunning(name))
    return new Promise((resolve) => {
      const settle = (outcome: Outcome): void => {
        timer.cancel()
        cluster.events.off('crashed', onCrash)
        resolve(outcome)
      }
      const detail = `no answer within ${callTimeoutMs} ms`
      const timer = clock.after(callTimeoutMs, () => settle(unknown('TIMEOUT', detail)))
      const onCrash = ({ node: crashed }: { node: string }): void => {
        if (crashed === name) settle(unknown('CRASHED', `node ${name} crashed meanwhile`))
      }
      cluster.events.on('crashed', onCrash)
      invoke(run, node, args).then(
        (value) => settle({ status: 'ok', value, code: undefined, message: undefined }),
        (error: unknown) => settle(failure(isRefusal(error) ? 'fail' : 'info', error)),
      )
    })
  }
}

/** The client that a scenario's workload begins with. */
export class Driver extends Client {
  get nodes(): readonly string[] {
    return this.ground.cluster.names
  }

  /** The running node of that name; undefined while it is down. */
  running(name: string): Node | undefined {
    this.ground.looked(name)
    return this.ground.cluster.running(name)
  }

  /** Lets a node join another one. */
  join(node: string, contact: string): Promise<void> {
    return this.ground.cluster.join(node, contact)
  }

  /** Takes a node out of the membership, on that node. */
  leave(node: string): void {
    this.ground.cluster.leave(node)
  }

  /** Breaks something: `partition { n1 } { n2 n3 }`, or the same as an object. @throws TroupeError ERR_BAD_FAULT */
  fault(fault: Fault | string): void {
    withPlace(['ERR_BAD_FAULT'], () => this.ground.inject(fault, false))
  }

  /** Ends a fault that lasts, named as it was begun. @throws TroupeError ERR_BAD_FAULT when it is not at work */
  endFault(fault: Fault | string): void {
    withPlace(['ERR_BAD_FAULT'], () => this.ground.inject(fault, true))
  }

  /** So many clients at once, spread over the nodes; resolves when all are done. */
  async parallel(
    clients: number,
    run: (client: Client, at: number) => Promise<void>,
  ): Promise<void> {
    const running: Promise<void>[] = []
    for (let at = 0; at < clients; at++) {
      const node = this.nodes[at % this.nodes.length] as string
      running.push(run(new Client(this.ground, `${this.name}.${at + 1}`, node), at))
    }
    await Promise.all(running)
  }
}

async function invoke(run: Operation, node: Node, args: readonly Plain[]): Promise<Plain> {
  return (await run(node, ...(args as never[]))) as Plain
}

const unknown = (code: string, message: string): Outcome => ({
  status: 'info',
  value: undefined,
  code,
  message,
})

function failure(status: 'fail' | 'info', error: unknown): Outcome {
  return { status, value: undefined, code: codeText(error), message: messageOf(error) }
}

/** The code of an error, or its name. */
const codeText = (error: unknown): string =>
  codeOf(error) ?? (error instanceof Error ? error.name : String(error))

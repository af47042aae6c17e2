/**
 * Two processes on loopback: this one sends, the other (this file, forked) serves a bare socket and a
 * node side by side, so that value and baseline are measured in the same two processes in turn.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Actor } from '../../src/actor/actor.js'
import { actor } from '../../src/actor/decorators.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { silentLogger } from '../../src/base/logger.js'
import type { Node } from '../../src/node/node.js'
import { startNode } from '../../src/node/start-node.js'
import { type BareLink, bareConnect, bareServer, decode } from './baseline.js'

@actor('bench/counter')
export class Counter extends Actor {
  #total = 0

  add(_from: number, by: number): void {
    this.#total += by
  }

  addOne(value: number): number {
    return value + 1
  }

  total(): number {
    return this.#total
  }

  /** A copy, as any handler would make that answers with bytes of its own; the bare server makes the same one. */
  echo(bytes: Uint8Array): Uint8Array {
    return Buffer.from(bytes)
  }
}

/** What the bare server answers; `inc` counts, `ask` and bytes of 100,000 and more are answered. */
interface BareMessage {
  readonly k: 'inc' | 'ask' | 'total'
  readonly id: number
  readonly v: number
}

const LARGE = 100_000
/** A lane has room for the largest echoes that are under way at a time. */
const SHARED = { logger: silentLogger, connections: { laneMaxBytes: 256 * 1024 * 1024 } } as const

export interface Pair {
  readonly node: Node
  readonly counter: ActorRef<Counter>
  readonly link: BareLink
  bareAsk(kind: 'ask' | 'total', value: number): Promise<number>
  bareEcho(bytes: Buffer): Promise<Buffer>
  end(): void
}

export async function remotePair(): Promise<Pair> {
  const child = fork(fileURLToPath(import.meta.url), ['serve'])
  const { port, address } = await firstMessage(child)
  const node = await startNode({ name: 'client', ...SHARED })
  await node.join(address)
  const counter = node.lookup(Counter, 'counter', { on: 'server' })
  await counter.ask.total()
  const direct = (await node.whereis('counter', { on: 'server' })) as unknown as ActorRef<Counter>

  const waiting = new Map<number, (value: number) => void>()
  const echoes: ((bytes: Buffer) => void)[] = []
  const link = await bareConnect(port, (body) => {
    if (body.length >= LARGE) return echoes.shift()?.(body)
    const { id, v } = decode(body) as BareMessage
    waiting.get(id)?.(v)
    waiting.delete(id)
  })
  let last = 0
  return {
    node,
    counter: direct,
    link,
    bareAsk: (k, v) =>
      new Promise((resolve) => {
        const id = ++last
        waiting.set(id, resolve)
        link.send({ k, id, v })
      }),
    bareEcho: (bytes) =>
      new Promise((resolve) => {
        echoes.push(resolve)
        link.sendBody(bytes)
      }),
    end: () => child.kill('SIGKILL'),
  }
}

function firstMessage(child: ChildProcess): Promise<{ port: number; address: string }> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as { port: number; address: string }))
    child.once('exit', (code) => reject(new Error(`the server ended with code ${code}`)))
  })
}

async function serve(): Promise<void> {
  process.on('disconnect', () => process.exit(0))
  let total = 0
  const port = await bareServer((link, body) => {
    if (body.length >= LARGE) return link.sendBody(Buffer.from(body))
    const { k, id, v } = decode(body) as BareMessage
    if (k === 'inc') total += v
    else link.send({ k, id, v: k === 'ask' ? v + 1 : total })
  })
  const node = await startNode({ name: 'server', ...SHARED })
  node.spawn(Counter, undefined, { name: 'counter' })
  process.send?.({ port, address: node.address })
}

if (process.argv[2] === 'serve') await serve()

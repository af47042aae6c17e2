import { assert } from 'chai'
import type { ActorRef } from '../../src/index.js'
import { Ledger } from '../promises/actors.js'
import type { Environment } from '../promises/environment.js'
import type { Subject } from '../promises/subject.js'

/** Two nodes, and a ledger on b. */
export interface LedgerPair {
  readonly a: Subject
  readonly b: Subject
  /** The ledger itself, as its own node sees it. */
  readonly home: ActorRef<Ledger>
  /** The same as node a sees it. */
  readonly ledger: ActorRef<Ledger>
}

/** A message has made its way already: method tables are known. */
export async function ledgerPair(env: Environment): Promise<LedgerPair> {
  const [a, b] = await env.pair()
  const home = b.node.spawn(Ledger, undefined, { name: 'ledger' })
  const found = await env.complete(a.node.whereis('ledger', { on: 'b' }))
  const ledger = found as unknown as ActorRef<Ledger>
  await env.complete(ledger.ask.size())
  return { a, b, home, ledger }
}

/** A copy: what an actor of the same process answers is its own. */
export const entries = async (env: Environment, home: ActorRef<Ledger>): Promise<unknown[]> => [
  ...(await env.complete(home.ask.entries())),
]

/** What the ledger holds a moment after it has held so many entries: one too many would show. */
export async function written(
  env: Environment,
  home: ActorRef<Ledger>,
  count: number,
): Promise<unknown[]> {
  for (let tries = 0; tries < 500 && (await entries(env, home)).length < count; tries++) {
    await env.run(5)
  }
  await env.run(20)
  const held = await entries(env, home)
  assert.isAtLeast(held.length, count)
  return held
}

/**
 * How fast do a million actors start (constructor and onStart done), and what does each cost while it
 * is idle? Baseline: making and keeping as many bare mailbox objects (`MiniActor` with its closure).
 * Needs `--expose-gc` for `bytesPerActor`, which counts instance, cell, ref and tables.
 */
import { Actor } from '../../src/actor/actor.js'
import type { AnyRef } from '../../src/actor/ref.js'
import { MiniActor } from './baseline.js'
import { localSystem, turn } from './local-system.js'
import { erlangLocal, rivals } from './rival.js'
import { ACTOR_LIBRARIES } from './shapes.js'

const ACTORS = 1_000_000

let started = 0

class Counter extends Actor {
  #total = 0
  override onStart(): void {
    started++
  }
  add(by: number): void {
    this.#total += by
  }
  value(): number {
    return this.#total
  }
}

/** Bytes on the heap once all garbage, also of the round before, is gone. */
async function used(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await turn()
    globalThis.gc?.()
  }
  return process.memoryUsage().heapUsed
}

async function actors(count: number): Promise<{ perSecond: number; bytes: number }> {
  const system = localSystem()
  const refs: AnyRef[] = new Array(count)
  const before = await used()
  started = 0
  const start = performance.now()
  for (let i = 0; i < count; i++) refs[i] = system.node.spawn(Counter)
  while (started < count) await turn()
  const seconds = (performance.now() - start) / 1_000
  await turn()
  const bytes = ((await used()) - before) / count
  if (refs.length !== system.size) throw new Error('an actor is missing')
  return { perSecond: count / seconds, bytes }
}

function boxes(count: number): number {
  const all: MiniActor<number>[] = []
  const start = performance.now()
  for (let i = 0; i < count; i++) {
    let total = 0
    all.push(new MiniActor<number>((by) => (total += by)))
  }
  const seconds = (performance.now() - start) / 1_000
  if (all.length !== count) throw new Error('a box is missing')
  return count / seconds
}

await actors(50_000)
boxes(50_000)
const rounds: { value: number; baseline: number; bytes: number }[] = []
for (let round = 0; round < 3; round++) {
  await used()
  const baseline = boxes(ACTORS)
  await used()
  const { perSecond, bytes } = await actors(ACTORS)
  rounds.push({ value: perSecond, baseline, bytes })
}
const middle = (key: 'value' | 'baseline' | 'bytes'): number =>
  rounds.map((round) => round[key]).sort((a, b) => a - b)[1] as number
const value = middle('value')
const baseline = middle('baseline')
const line = {
  bench: 'spawn',
  value,
  unit: 'actors/s',
  baseline,
  ratio: value / baseline,
  ...(await rivals('spawn', [...ACTOR_LIBRARIES, 'moleculer'], 1, () =>
    erlangLocal('spawn', 'spawns_s'),
  )),
  bytesPerActor: globalThis.gc === undefined ? null : Math.round(middle('bytes')),
}
console.log(JSON.stringify(line))
process.exit(0)

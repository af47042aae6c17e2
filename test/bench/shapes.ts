/** The local shapes of the Savina suite as benches: ours, the smallest mailbox, and rivals, in one run. */
import { alternate } from './local-system.js'
import { type Rivals, rivals } from './rival.js'

export interface Shape {
  readonly bench: string
  /** Its row in `rivals/local-rows.mjs`. */
  readonly row: string
  readonly unit: string
  /** Operations of the unit. */
  readonly per: number
  readonly programs: readonly string[]
  readonly erlang?: () => Promise<number>
  /** Operations a second. */
  ours(): Promise<number>
  baseline(): Promise<number>
}

/** Actors that hand messages to each other, as the rivals that have them all. */
export const ACTOR_LIBRARIES = ['nact', 'comedy', 'effect', 'xstate', 'xstate-transition']

export async function runShape(shape: Shape, more: object = {}): Promise<void> {
  const { bench, row, unit, per } = shape
  const measured = await alternate(shape.ours, shape.baseline, 7)
  const value = measured.value / per
  const baseline = measured.baseline / per
  const beside: Rivals = await rivals(row, shape.programs, per, shape.erlang)
  const line = { bench, value, unit, baseline, ratio: value / baseline, ...beside, ...more }
  console.log(JSON.stringify(line))
  process.exit(0)
}

/** Operations a second of what resolves when so many are done. */
export async function perSecond(operations: number, run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return (operations * 1_000) / (performance.now() - start)
}

export class Done {
  readonly promise: Promise<void>
  resolve: () => void = () => {}

  constructor() {
    this.promise = new Promise((resolve) => {
      this.resolve = resolve
    })
  }
}

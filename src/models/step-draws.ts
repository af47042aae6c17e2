import type { Arbitrary, AsyncCommand } from 'fast-check'
import type { Client, Plain } from '../simulation/index.js'
import type { FastCheck } from './fast-check-package.js'
import type { FaultDraw } from './fault-draws.js'
import type { Plan } from './model-options.js'
import { type Player, StepCommand } from './player.js'
import type { Step } from './script.js'

type Commands<M> = Arbitrary<Iterable<AsyncCommand<Player<M>, Client>>>

/** What the sequences of a run are drawn from. */
export interface SequenceDraws<M> {
  readonly clients: readonly Commands<M>[]
  /** Beside several clients, where there are faults. */
  readonly faults: Commands<M> | undefined
}

/** Of the commands' weight all together: how often the rest is drawn. Not so often that nothing ever succeeds. */
const SHARES = { fault: 0.3, end: 0.3, wait: 0.2 } as const
/** Weights of fast-check are whole numbers. */
const UNIT = 10_000

/** Shorter than most operations, up to longer than it takes to give a node up. */
const WAITS_MS = [1, 5, 20, 100, 1_000, 4_000] as const
const AT_WORK_MAX = 7

interface Weighted {
  readonly weight: number
  readonly arbitrary: Arbitrary<Step>
}

export function sequenceDraws<M>(
  fc: FastCheck,
  plan: Plan<M>,
  faults: readonly FaultDraw[],
): SequenceDraws<M> {
  const { nodes, concurrent, length } = plan
  const among = faultSteps(fc, faults)
  const commandsOf = (steps: readonly Weighted[]): Commands<M> => {
    const all = steps.map(({ weight, arbitrary }) => {
      return { weight: Math.max(1, Math.round(weight * UNIT)), arbitrary }
    })
    const step = fc.oneof(...all).map((drawn) => new StepCommand<M>(drawn))
    return fc.commands([step], { maxCommands: length, size: 'max' })
  }
  if (concurrent === undefined) {
    const calls = callSteps(fc, plan, nodes)
    return { clients: [commandsOf([...calls, ...among])], faults: undefined }
  }
  const clients = Array.from({ length: concurrent }, (_, at) => {
    const own = nodes[at % nodes.length] as string
    const waits = faults.length > 0 ? [waitStep(fc, SHARES.wait)] : []
    return commandsOf([...callSteps(fc, plan, [own]), ...waits])
  })
  return { clients, faults: among.length > 0 ? commandsOf(among) : undefined }
}

/** The commands, whose weights come to 1. */
function callSteps<M>(fc: FastCheck, { rules }: Plan<M>, anywhere: readonly string[]): Weighted[] {
  const commands = Object.entries(rules.commands)
  const total = commands.reduce((sum, [, { weight = 1 }]) => sum + weight, 0)
  return commands.map(([name, { weight = 1, on, arb }]) => {
    const args: Arbitrary<readonly Plain[]> = arb ?? fc.constant([])
    const arbitrary = fc
      .tuple(args, fc.constantFrom(...(on ?? anywhere)))
      .map(([given, node]): Step => ({ type: 'call', name, node, args: given }))
    return { weight: weight / total, arbitrary }
  })
}

/** Faults, ends and waits. */
function faultSteps(fc: FastCheck, faults: readonly FaultDraw[]): Weighted[] {
  if (faults.length === 0) return []
  const total = faults.reduce((sum, { weight }) => sum + weight, 0)
  const begins = faults.map(({ weight, arbitrary }) => ({
    weight: (SHARES.fault * weight) / total,
    arbitrary: arbitrary.map((fault): Step => ({ type: 'fault', fault })),
  }))
  const end = fc.nat(AT_WORK_MAX).map((which): Step => ({ type: 'end', which }))
  return [...begins, { weight: SHARES.end, arbitrary: end }, waitStep(fc, SHARES.wait)]
}

const waitStep = (fc: FastCheck, weight: number): Weighted => ({
  weight,
  arbitrary: fc.constantFrom(...WAITS_MS).map((ms): Step => ({ type: 'wait', ms })),
})

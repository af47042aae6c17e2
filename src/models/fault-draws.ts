import type { Arbitrary } from 'fast-check'
import { seededRandom } from '../base/random.js'
import type { Fault } from '../fault/index.js'
import { AMOUNTS } from '../simulation/fault-amounts.js'
import type { FaultKind, FaultModel } from '../simulation/index.js'
import type { FastCheck } from './fast-check-package.js'
import { drawnAs } from './fault-ledger.js'

/** What a fault is drawn from, and how often beside the others. */
export interface FaultDraw {
  readonly weight: number
  readonly arbitrary: Arbitrary<Fault>
  /** As `drawnAs` says of each. */
  readonly name: string
}

/** A draw for each kind of a model's faults; what is smaller in it is milder. */
export function faultDraws(
  fc: FastCheck,
  model: FaultModel,
  nodes: readonly string[],
): FaultDraw[] {
  const { weights, user } = model.options
  const own = Object.entries(user).map(([name, { weight = 1, args = [] }]): FaultDraw => {
    const arbitrary = fc
      .tuple(...args.map((of) => fc.constantFrom(...of)))
      .map((chosen): Fault => ({ verb: 'user', name, args: chosen }))
    return { weight, arbitrary, name: drawnAs({ verb: 'user', name, args: [] }) }
  })
  const kinds = model.kinds(nodes.length).map((kind): FaultDraw => {
    return { weight: weights[kind] ?? 0, arbitrary: drawOf(fc, kind, nodes), name: kind }
  })
  return [...kinds, ...own.filter(({ weight }) => weight > 0)]
}

/** Which of them a run meets: every seed leaves some out, as in a schedule. */
export function drawnKinds(
  model: FaultModel,
  draws: readonly FaultDraw[],
  seed: string,
): Set<string> {
  const names = draws.map(({ name }) => name)
  if (!model.options.swarm || names.length <= 1) return new Set(names)
  const random = seededRandom(`${seed}/swarm`)
  const chosen = names.filter(() => random.int(4) > 0)
  return new Set(chosen.length > 0 ? chosen : [random.pick(names)])
}

function drawOf(fc: FastCheck, kind: FaultKind, nodes: readonly string[]): Arbitrary<Fault> {
  const node = fc.constantFrom(...nodes)
  const pair = (): Arbitrary<readonly [string, string]> =>
    fc.constantFrom(
      ...nodes.flatMap((a) => nodes.filter((b) => b !== a).map((b) => [a, b] as const)),
    )
  switch (kind) {
    case 'partition':
    case 'oneway':
      return fc
        .subarray([...nodes], { minLength: 1, maxLength: nodes.length - 1 })
        .map((group): Fault => {
          const groups = [group, nodes.filter((name) => !group.includes(name))]
          return { verb: 'partition', groups, oneway: kind === 'oneway' }
        })
    case 'crash':
    case 'powerLoss':
      return node.map((of) => ({ verb: 'crash', node: of, loseUnsynced: kind === 'powerLoss' }))
    case 'pause':
      return node.map((of) => ({ verb: 'pause', node: of }))
    case 'omitSend':
    case 'omitReceive': {
      const verb = kind === 'omitSend' ? 'omit_send' : 'omit_receive'
      return fc
        .tuple(node, fc.constantFrom(...AMOUNTS.omitPercent))
        .map(([of, percent]) => ({ verb, node: of, peer: '*', percent }))
    }
    case 'bitflip':
      return fc
        .tuple(
          node,
          fc.constantFrom(...AMOUNTS.bitflipPercent),
          fc.constantFrom('bitflip', 'corrupt'),
        )
        .map(([of, percent, how]) => ({ verb: 'byzantine', node: of, how, where: 'wire', percent }))
    case 'stale':
      return fc.tuple(node, fc.constantFrom(...AMOUNTS.stalePercent)).map(([of, percent]) => ({
        verb: 'byzantine',
        node: of,
        how: 'stale',
        where: 'wire',
        percent,
      }))
    case 'delay':
      return fc
        .tuple(
          pair(),
          fc.constantFrom(...AMOUNTS.delayMs),
          fc.constantFrom('egress_delay', 'ingress_delay'),
        )
        .map(([[of, peer], ms, verb]) => ({ verb, node: of, peer, ms }))
    case 'duplicate':
      return fc
        .tuple(pair(), fc.constantFrom(...AMOUNTS.duplicatePercent))
        .map(([[from, to], percent]) => ({ verb: 'duplicate', what: { from, to }, percent }))
    case 'reorder':
      return fc
        .tuple(pair(), fc.constantFrom(...AMOUNTS.reorderMs))
        .map(([[from, to], windowMs]) => ({ verb: 'reorder', from, to, windowMs }))
    case 'reset':
      return pair().map(([a, b]) => ({ verb: 'connection', a, b, how: 'reset' }))
    case 'clock':
      return fc.oneof(
        ...(['offset', 'drift', 'jump'] as const).map((how) => {
          const amounts = how === 'drift' ? AMOUNTS.driftPpm : AMOUNTS.clockMs
          return fc
            .tuple(node, fc.constantFrom(...amounts.flatMap((by) => [by, -by])))
            .map(([of, amount]): Fault => ({ verb: 'clock', node: of, how, amount }))
        }),
      )
    case 'store':
      return fc
        .tuple(node, fc.constantFrom(...AMOUNTS.disk))
        .map(([of, how]) => ({ verb: 'store', node: of, how }))
  }
}

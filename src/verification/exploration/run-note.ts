import { digest } from '../../simulation/digest.js'
import { type OpStatus, printCounterexample, type Result } from '../../simulation/index.js'

/** What a campaign keeps of every run; plain, so that it crosses threads. */
export interface RunNote {
  /** The place of its explorer among those of the campaign. */
  readonly explorer: number
  readonly verdict: Result['verdict']
  /** Equal for runs that are equal. */
  readonly digest: string
  /** Of a run that failed. */
  readonly signature?: string
  /** Which limit ended it, and what was open then. */
  readonly limit?: string
  readonly seed: string
  readonly operations: Readonly<Record<string, Partial<Readonly<Record<OpStatus, number>>>>>
  /** How often each fault was met, by its first word. */
  readonly faults: Readonly<Record<string, number>>
  readonly sometimes: Readonly<Record<string, number>>
}

/** A run that failed, as a text that repeats it. */
export interface Finding {
  readonly explorer: number
  readonly seed: string
  readonly check: string
  readonly signature: string
  readonly message: string
  readonly hash: string
  readonly events: number
  readonly operations: number
  readonly faults: number
  /** Choices that were not the most ordinary ones: orders, losses. */
  readonly deviations: number
  /** The `.cx` file. */
  readonly text: string
  /** Its explorer had changed the scenario for it, such as by losses that the scenario's own model does not have. */
  readonly patched: boolean
}

export function noteOf(result: Result, explorer: number): RunNote {
  const { verdict, hash, tape, signature, seed, error, sometimes } = result
  return {
    explorer,
    verdict,
    digest: `${hash}${digest(Object.keys(tape).join(' '))}`,
    ...(verdict === 'fail' && { signature: signature ?? '' }),
    ...(verdict !== 'fail' && verdict !== 'ok' && { limit: error?.message ?? verdict }),
    seed,
    operations: operationsOf(result),
    faults: faultsOf(result),
    sometimes,
  }
}

function operationsOf({ history }: Result): RunNote['operations'] {
  const counts: Record<string, Partial<Record<OpStatus, number>>> = {}
  for (const { name, status } of history) {
    counts[name] ??= {}
    const one = counts[name]
    one[status] = (one[status] ?? 0) + 1
  }
  return counts
}

/** The choices of a tape that are faults. */
const FAULTY = /^(drop|duplicate|crash) /

function faultsOf({ faults, tape }: Result): Record<string, number> {
  const verbs = [
    ...faults.filter(({ ends }) => !ends).map(({ fault }) => fault.verb),
    ...Object.keys(tape).flatMap((label) => FAULTY.exec(label)?.[1] ?? []),
  ]
  const counts: Record<string, number> = {}
  for (const verb of verbs) counts[verb] = (counts[verb] ?? 0) + 1
  return counts
}

/** How much there is to read in a failing run: the least is the best counterexample. */
export const sizeOf = ({ history, faults, tape, events }: Result): number =>
  (history.length + faults.length + Object.keys(tape).length) * 1e7 + events

export function findingOf(result: Result, explorer: number, patched: boolean): Finding {
  const { seed, check = '', signature = '', error, hash, events, history, faults, tape } = result
  return {
    explorer,
    seed,
    check,
    signature,
    message: error?.message ?? '',
    hash,
    events,
    operations: history.length,
    faults: faults.filter(({ ends }) => !ends).length,
    deviations: Object.keys(tape).length,
    text: printCounterexample(result),
    patched,
  }
}

export const findingSize = ({ operations, faults, deviations, events }: Finding): number =>
  (operations + faults + deviations) * 1e7 + events

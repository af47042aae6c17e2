import { check, integer, readOptions } from '../../base/options.js'
import type { Candidate, ChoiceSource, Scenario } from '../../simulation/index.js'
import type { Attempt, Explorer, ExplorerFactory, ExplorerPlan } from '../explorer.js'
import type { SkippedBy } from './prune-rules.js'
import { type Renaming, renamingOf } from './renaming.js'

export interface DporOptions {
  /** Orders are varied within so many deliveries of a run. Default 10,000. */
  readonly maxDepth?: number
  /**
   * `['symmetry']`: of orders that differ only by the names of nodes of which the scenario says that they are
   * `interchangeable`, one is tried. Default: none are left out.
   */
  readonly prune?: readonly 'symmetry'[]
}

const FIELDS = {
  maxDepth: { fallback: 10_000, check: integer(1) },
  prune: {
    fallback: [],
    check: check<readonly 'symmetry'[]>(
      "an array of nothing but 'symmetry'",
      (v) => Array.isArray(v) && v.every((rule) => rule === 'symmetry'),
    ),
  },
}

/**
 * All delivery orders that can differ, each class of equal ones once or little more: dynamic partial order
 * reduction (Flanagan, Godefroid, POPL 2005) with sleep sets (Godefroid). Two deliveries depend on each other when
 * they are to the same node; messages of one lane keep their order. Timers fire when nothing is under way: what
 * `limits.earlyTimers` allows is left to other explorers. Needs level `messages`. Ends when all orders are covered:
 * then the scenario holds in every order of its messages.
 *
 * @throws TroupeError ERR_BAD_OPTION, also from `create` where `symmetry` is wanted of a scenario that names no
 *   interchangeable nodes, or too many
 */
export function dpor(options: DporOptions = {}): ExplorerFactory {
  const { maxDepth = 10_000, prune = [] } = readOptions<DporOptions>(
    'dpor',
    FIELDS as never,
    options,
  )
  return {
    name: 'dpor',
    seeded: false,
    create: (scenario: Scenario, plan) => {
      const renaming = prune.length > 0 ? renamingOf(scenario) : undefined
      return new Dpor(scenario, maxDepth, plan, renaming)
    },
  }
}

/** One delivery of the present run, and what else was tried in its place. */
interface Frame {
  candidates: readonly Candidate[]
  chosen: Candidate
  /** The index of the event in which it arrives. */
  event: number
  /** Labels to be tried here. */
  readonly backtrack: Set<string>
  readonly done: Set<string>
  /** Labels that need not be tried here: an earlier run has covered what they lead to. */
  readonly sleep: Map<string, string>
  /** What happened before it, by node: how many deliveries. */
  clock: Clock
}

type Clock = ReadonlyMap<string, number>

class Dpor implements Explorer {
  readonly name = 'dpor'
  /** Runs that turned out to repeat others. */
  skipped = 0
  readonly skippedBy: SkippedBy = {}
  readonly #renaming: Renaming | undefined
  readonly #scenario: NonNullable<Attempt['scenario']>
  readonly #maxDepth: number
  readonly #seed: string
  readonly #shard: ExplorerPlan['shard']
  #frames: Frame[] = []
  #first = true
  #order: DporOrder | undefined

  constructor(
    { limits }: Scenario,
    maxDepth: number,
    { seedBase, shard }: ExplorerPlan,
    renaming: Renaming | undefined,
  ) {
    this.#renaming = renaming
    this.#scenario = { level: 'messages', limits: { ...limits, earlyTimers: 0 } }
    this.#maxDepth = maxDepth
    this.#seed = String(seedBase)
    this.#shard = shard
  }

  next(): Attempt | undefined {
    // One class can be anywhere: the work cannot be shared out beforehand.
    if (this.#shard.index > 0) return undefined
    if (!this.#first && !this.#retreat()) return undefined
    this.#first = false
    this.#order = new DporOrder(this.#frames, this.#maxDepth)
    return { seed: this.#seed, choices: this.#order, scenario: this.#scenario }
  }

  report(): void {
    const order = this.#order
    if (order === undefined) return
    this.#frames = order.frames
    if (order.redundant) this.skipped++
    else for (let at = 0; at < this.#frames.length; at++) addRaces(this.#frames, at)
  }

  /** Back to the last frame where something is left to try, with the next of it. */
  #retreat(): boolean {
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      frame.done.add(frame.chosen.label)
      frame.sleep.set(frame.chosen.label, frame.chosen.to)
      const next = frame.candidates.find(
        (candidate) => awaits(frame, candidate) && !this.#mirrored(frame, candidate),
      )
      if (next !== undefined) {
        frame.chosen = next
        return true
      }
      this.#frames.pop()
    }
    return false
  }

  /** The same was tried there under other names; then it sleeps, as if it had been tried. */
  #mirrored({ done, sleep }: Frame, { label, to }: Candidate): boolean {
    if (this.#renaming === undefined) return false
    const got = new Map<string, string[]>()
    for (const { chosen } of this.#frames.slice(0, -1)) {
      const before = got.get(chosen.to)
      if (before === undefined) got.set(chosen.to, [chosen.label])
      else before.push(chosen.label)
    }
    if (!this.#renaming.mirrored(got, done, label)) return false
    done.add(label)
    sleep.set(label, to)
    this.skipped++
    this.skippedBy.symmetry = (this.skippedBy.symmetry ?? 0) + 1
    return true
  }
}

/** It is to be tried there, and neither was nor need not. */
const awaits = ({ backtrack, done, sleep }: Frame, { label }: Candidate): boolean =>
  backtrack.has(label) && !done.has(label) && !sleep.has(label)

/** Repeats the deliveries of its frames, then goes on in order, past what sleeps. */
class DporOrder implements ChoiceSource {
  readonly frames: Frame[]
  /** All that could come next was asleep: what follows was seen. */
  redundant = false
  readonly #prefix: number
  readonly #maxDepth: number
  #depth = 0
  /** The latest delivery to each node. */
  readonly #latest = new Map<string, Frame>()

  constructor(frames: readonly Frame[], maxDepth: number) {
    this.frames = [...frames]
    this.#prefix = frames.length
    this.#maxDepth = maxDepth
  }

  choose(): number {
    return 0
  }

  readonly pick = (candidates: readonly Candidate[], event: number): number => {
    if (this.redundant || this.#depth >= this.#maxDepth) return 0
    const depth = this.#depth++
    const frame = depth < this.#prefix ? this.#again(depth, candidates) : this.#new(candidates)
    frame.event = event
    frame.clock = this.#clock(frame.chosen)
    this.#latest.set(frame.chosen.to, frame)
    return candidates.findIndex(({ label }) => label === frame.chosen.label)
  }

  #again(depth: number, candidates: readonly Candidate[]): Frame {
    const frame = this.frames[depth] as Frame
    const chosen = candidates.find(({ label }) => label === frame.chosen.label)
    if (chosen === undefined) {
      throw new Error(`the run is not the same again: ${frame.chosen.label} cannot come next`)
    }
    frame.candidates = candidates
    frame.chosen = chosen
    return frame
  }

  #new(candidates: readonly Candidate[]): Frame {
    const sleep = this.#asleep()
    const awake = candidates.find(({ label }) => !sleep.has(label))
    this.redundant = awake === undefined
    const chosen = awake ?? (candidates[0] as Candidate)
    const frame: Frame = {
      candidates,
      chosen,
      event: 0,
      backtrack: new Set([chosen.label]),
      done: new Set(),
      sleep,
      clock: NO_CLOCK,
    }
    if (!this.redundant) this.frames.push(frame)
    return frame
  }

  /** What slept before the last delivery, and does not depend on it. */
  #asleep(): Map<string, string> {
    const before = this.frames.at(-1)
    if (before === undefined) return new Map()
    return new Map([...before.sleep].filter(([, to]) => to !== before.chosen.to))
  }

  /** What happened before a delivery: the last one at its node, and the one in which it was sent. */
  #clock({ from, to, cause }: Candidate): Clock {
    const clock = new Map<string, number>(this.#latest.get(to)?.clock)
    for (const [node, count] of sentAfter(this.frames, this.#depth - 1, from, cause)) {
      clock.set(node, Math.max(count, clock.get(node) ?? 0))
    }
    return clock.set(to, (clock.get(to) ?? 0) + 1)
  }
}

const NO_CLOCK: Clock = new Map()

/** The clock of the latest delivery to a node up to an event: what it knew when it sent. */
function sentAfter(frames: readonly Frame[], depth: number, from: string, cause: number): Clock {
  for (let at = depth - 1; at >= 0; at--) {
    const { chosen, event, clock } = frames[at] as Frame
    if (chosen.to === from && event <= cause) return clock
  }
  return NO_CLOCK
}

/** For a delivery, the earlier ones at its node that could have come after it: there the other order is to be tried. */
function addRaces(frames: readonly Frame[], at: number): void {
  const late = frames[at] as Frame
  const { to, from, cause, lane } = late.chosen
  const sent = sentAfter(frames, at, from, cause)
  for (let before = at - 1; before >= 0; before--) {
    const early = frames[before] as Frame
    if (early.chosen.to !== to) continue
    // It led to the sending of the other, or the lane keeps their order.
    if ((sent.get(to) ?? 0) >= (early.clock.get(to) ?? 0)) return
    if (early.chosen.lane === lane) continue
    addReversal(frames, before, at, sent)
    return
  }
}

/** Lets something come at that point that leads to the late delivery without the early one. */
function addReversal(frames: readonly Frame[], before: number, at: number, sent: Clock): void {
  const { candidates, backtrack } = frames[before] as Frame
  const { label } = (frames[at] as Frame).chosen
  const known = new Set(candidates.map((candidate) => candidate.label))
  if (known.has(label)) {
    backtrack.add(label)
    return
  }
  for (let between = before + 1; between < at; between++) {
    const { chosen, clock } = frames[between] as Frame
    const leads = (sent.get(chosen.to) ?? 0) >= (clock.get(chosen.to) ?? 0)
    if (leads && known.has(chosen.label)) {
      backtrack.add(chosen.label)
      return
    }
  }
  for (const candidate of candidates) backtrack.add(candidate.label)
}

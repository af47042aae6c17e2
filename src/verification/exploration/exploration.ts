import { codeOf, messageOf, TroupeError } from '../../base/errors.js'
import { VERSION } from '../../base/version.js'
import type { CampaignFolder } from './campaign-folder.js'
import {
  type CampaignCounterexample,
  type CampaignRecord,
  type ExplorerRecord,
  openQuestions,
  type StuckRun,
  verdictOf,
} from './campaign-record.js'
import type { Confirmed } from './desk.js'
import { DeskStuck } from './desk-thread.js'
import type { NamedExplorer } from './explorer-names.js'
import { Findings } from './findings.js'
import type { Finding } from './run-note.js'
import type { ScenarioFacts } from './scenario-source.js'
import type { Worker } from './scenario-worker.js'
import type { ShareEvent, ShareExplorer, SharePlan } from './share.js'
import { Tally } from './tally.js'
import { type ExplorationPlan, firstSeed, poolOf, sharesOf } from './work-division.js'

/** How far a campaign has come. */
export interface ExplorationProgress {
  readonly executions: number
  readonly failed: number
  /** Failures that differ. */
  readonly found: number
  readonly distinct: number
  readonly seconds: number
  /** How far a counterexample has been made smaller, while one is. */
  readonly shrinking?: string
}

export interface ExplorationEvents {
  progress?(progress: ExplorationProgress): void
}

/** One thread's part: what it was given, and how far it has come. */
interface Part {
  worker: Worker
  explorers: readonly ShareExplorer[]
  left: number | undefined
  /** Under way. */
  run: (ShareEvent & { readonly type: 'begins' }) | undefined
}

/** What an explorer has done so far. `last` is its last seed; `ended`: in how many threads it is at its end. */
interface Going {
  executions: number
  last: number
  skipped: number
  ended: number
}

/** A campaign under way: hands out shares of it, and gathers what they find. */
export class Exploration {
  readonly #plan: ExplorationPlan
  readonly #facts: ScenarioFacts
  readonly #hire: () => Worker
  readonly #folder: CampaignFolder | undefined
  readonly #events: ExplorationEvents
  readonly #nowMs: () => number
  readonly #beganMs: number
  readonly #tally: Tally
  readonly #findings = new Findings()
  readonly #files = new Map<string, { file: string; trace?: string; page?: string }>()
  readonly #repeats = new Map<string, CampaignCounterexample['repeats']>()
  readonly #explorers: Going[]
  readonly #shrunk = new Map<string, string>()
  readonly #stuck: StuckRun[] = []
  readonly #parts = new Set<Part>()
  #nondeterminism: string | undefined
  /** Seconds that the runs took, without what came after; undefined while they go on. */
  #ranFor: number | undefined
  #stopping = false
  #interrupted = false

  constructor(
    plan: ExplorationPlan,
    facts: ScenarioFacts,
    hire: () => Worker,
    folder: CampaignFolder | undefined,
    events: ExplorationEvents,
    nowMs: () => number,
  ) {
    this.#plan = plan
    this.#facts = facts
    this.#hire = hire
    this.#folder = folder
    this.#events = events
    this.#nowMs = nowMs
    this.#beganMs = nowMs()
    this.#tally = new Tally(facts.sometimes)
    this.#explorers = plan.explorers.map(() => ({
      executions: 0,
      last: -1,
      skipped: 0,
      ended: 0,
    }))
  }

  /** From outside: no more runs; what was found is kept. */
  interrupt(): void {
    this.#interrupted = true
    this.#stop()
  }

  /**
   * @param first a worker that is there already
   * @throws what says that the scenario cannot be run; what was found before is in the folder
   */
  async run(first: Worker): Promise<CampaignRecord> {
    this.#folder?.begin()
    const pool = poolOf(this.#plan)
    const all = sharesOf(this.#plan).map(
      ({ explorers, executions }, at): Part => ({
        worker: at === 0 ? first : this.#hire(),
        explorers,
        left: executions,
        run: undefined,
      }),
    )
    for (const part of all) this.#parts.add(part)
    try {
      await Promise.all(all.map((part, at) => this.#share(part, at === 0, pool)))
      this.#ranFor = this.#seconds
      if (!this.#interrupted && this.#nondeterminism === undefined) await this.#confirmAll(all)
    } catch (error) {
      this.#stop()
      throw error
    } finally {
      await Promise.all([...this.#parts].map(({ worker }) => worker.close()))
      this.#save()
    }
    return this.#record()
  }

  /** One share to its end; begun anew after the run that has to be killed. */
  async #share(part: Part, verifies: boolean, pool: Int32Array | undefined): Promise<void> {
    for (let verify = verifies ? this.#plan.verify : 0; !this.#stopping; verify = 0) {
      if (part.left === 0 || part.explorers.length === 0) return
      const { seconds, stopAtFirst } = this.#plan
      const left = seconds === undefined ? undefined : seconds - this.#seconds
      if (left !== undefined && left <= 0) return
      const plan: SharePlan = {
        explorers: part.explorers,
        stopAtFirst,
        verify,
        ...(part.left !== undefined && { executions: part.left }),
        ...(left !== undefined && { seconds: left }),
      }
      try {
        const using = this.#plan.explorers.map(({ text }) => text).join(',')
        const task = { type: 'share', using, plan, ...(pool && { pool }) } as const
        await part.worker.do(task, (event) => this.#heard(part, event))
        return
      } catch (error) {
        if (this.#stopping) return
        if (codeOf(error) === 'ERR_NONDETERMINISM') {
          this.#nondeterminism = messageOf(error)
          this.#stop()
          return
        }
        if (!(error instanceof DeskStuck)) throw error
        this.#goOnAfter(part, error)
      }
    }
  }

  #goOnAfter(part: Part, { message: reason }: DeskStuck): void {
    const { run } = part
    // before its first run: while it was loaded, or verified
    if (run === undefined) {
      throw new TroupeError('ERR_BAD_SCENARIO', `it never came to its first run: ${reason}`)
    }
    part.worker = this.#hire()
    part.run = undefined
    // It will be met again, among those that count.
    if (run.verifies) return
    const { text } = this.#explorer(run.explorer)
    this.#stuck.push({ using: text, seed: run.seed, reason })
    if (part.left !== undefined) part.left--
    // A search that was in its memory is lost with the thread; seeds can be counted on.
    part.explorers = part.explorers
      .filter(({ index }) => this.#explorer(index).factory.seeded)
      .map((one) => {
        const { of, index } = one.shard
        const next = one.index === run.explorer ? Number(run.seed) + of : this.#next(one)
        return { ...one, seedBase: next - index }
      })
    if (this.#plan.stopAtFirst) this.#stop()
  }

  /** The seed after the last that a share of seeds has begun. */
  #next({ index, seedBase, shard }: ShareExplorer): number {
    const { last } = this.#state(index)
    let seed = seedBase + shard.index
    while (seed <= last) seed += shard.of
    return seed
  }

  #heard(part: Part, event: ShareEvent): void {
    if (this.#interrupted && event.type !== 'found') return
    switch (event.type) {
      case 'begins': {
        part.run = event
        if (event.verifies) return
        const state = this.#state(event.explorer)
        if (this.#explorer(event.explorer).factory.seeded) {
          state.last = Math.max(state.last, Number(event.seed))
        }
        return
      }
      case 'ended': {
        const state = this.#state(event.explorer)
        state.ended++
        state.skipped += event.skipped
        return
      }
      case 'ran':
        this.#tally.add(event.note)
        this.#state(event.note.explorer).executions++
        if (part.left !== undefined) part.left--
        this.#tell()
        return
      case 'shrinks':
        return
      case 'found':
        this.#found(event.finding)
        if (this.#plan.stopAtFirst) this.#stop(part)
    }
  }

  #found(finding: Finding): void {
    if (!this.#findings.offer(finding)) return
    const file = this.#folder?.keep(this.#facts.name, finding)
    if (file !== undefined) this.#files.set(finding.signature, { file })
  }

  /** Every finding once more, from its text alone. */
  async #confirmAll(parts: readonly Part[]): Promise<void> {
    for (const finding of this.#findings.all) {
      if (this.#interrupted) return
      let part = parts.find(({ worker }) => !worker.gone) ?? parts[0]
      if (part === undefined) return
      if (part.worker.gone) {
        part = { ...part, worker: this.#hire() }
        this.#parts.add(part)
      }
      const { worker } = part
      try {
        const confirmed = await worker.do({ type: 'confirm', finding })
        this.#confirmed(finding, confirmed)
        if (confirmed.repeats === 'exact') await this.#shrink(worker, confirmed.finding)
      } catch (error) {
        if (this.#interrupted) return
        if (!(error instanceof DeskStuck)) throw error
        this.#repeats.set(finding.signature, 'other')
        this.#differs(finding, error.message)
      }
    }
  }

  /** What was found is in the folder by now, whatever becomes of this. */
  async #shrink(worker: Worker, finding: Finding): Promise<void> {
    const { shrink: options } = this.#plan
    if (options === undefined || this.#interrupted) return
    const file = this.#files.get(finding.signature)?.file ?? 'counterexample'
    const task = { type: 'shrink', text: finding.text, file, options } as const
    const { finding: smaller, taken } = await worker.do(task, (event) => {
      if (event.type === 'shrinks') this.#tell(event.how)
    })
    if (smaller === undefined || smaller.signature !== finding.signature) return
    const { explorer, seed } = finding
    const kept = { ...smaller, explorer, seed }
    const confirmed = await worker.do({ type: 'confirm', finding: kept })
    if (confirmed.repeats !== 'exact') return
    this.#shrunk.set(finding.signature, taken)
    this.#findings.put(kept)
    this.#confirmed(kept, confirmed)
  }

  #confirmed(finding: Finding, { finding: kept, trace, repeats, instead }: Confirmed): void {
    this.#repeats.set(finding.signature, repeats)
    if (kept !== finding) this.#findings.put({ ...kept, explorer: finding.explorer })
    const folder = this.#folder
    if (folder !== undefined) {
      const file = folder.keep(this.#facts.name, kept)
      this.#files.set(finding.signature, { file, ...folder.keepTrace(file, trace) })
    }
    if (instead !== undefined) this.#differs(kept, instead)
  }

  #differs({ check, seed, hash }: Finding, instead: string): void {
    const first = `the run of seed ${seed} that failed (${check}) with hash ${hash} is another when it is run again`
    this.#nondeterminism ??= `${first}: ${instead}`
  }

  /** @param but it ends by itself */
  #stop(but?: Part): void {
    this.#stopping = true
    for (const part of this.#parts) if (part !== but) void part.worker.close()
  }

  /** @param shrinking how far a counterexample has been made smaller */
  #tell(shrinking?: string): void {
    const { executions, failed } = this.#tally.counts
    this.#events.progress?.({
      executions,
      failed,
      found: this.#findings.all.length,
      distinct: this.#tally.distinct.size,
      seconds: this.#seconds,
      ...(shrinking !== undefined && { shrinking }),
    })
  }

  #save(): void {
    this.#folder?.finish(this.#record(), this.#tally.distinct)
  }

  #record(): CampaignRecord {
    const { shard, workers, changed } = this.#plan
    const { counts, distinct } = this.#tally
    const ranFor = this.#ranFor ?? this.#seconds
    const seconds = Math.round(ranFor * 10) / 10
    const explorers = this.#explorerRecords()
    const grounds = {
      counterexamples: this.#findings.all.map((finding) => this.#counterexample(finding)),
      stuck: this.#stuck,
      ...(this.#nondeterminism !== undefined && { nondeterminism: this.#nondeterminism }),
      undecided: openQuestions(counts, explorers, this.#interrupted),
    }
    return {
      v: 1,
      kind: 'campaign',
      scenario: this.#facts.name,
      runtime: VERSION,
      ...changed,
      verdict: verdictOf(grounds),
      ...counts,
      perSecond: Math.round(counts.executions / Math.max(0.001, ranFor)),
      seconds,
      distinct: distinct.size,
      explorers,
      shard,
      workers,
      interrupted: this.#interrupted,
      ...grounds,
    }
  }

  #explorerRecords(): ExplorerRecord[] {
    const { workers } = this.#plan
    const from = firstSeed(this.#plan)
    return this.#plan.explorers.map(({ text, factory }, at) => {
      const { executions, last, skipped, ended } = this.#state(at)
      return {
        using: text,
        executions,
        skipped,
        ...(factory.seeded
          ? last >= from && { seeds: [[from, last]] as const }
          : { exhausted: ended >= workers }),
      }
    })
  }

  #counterexample(finding: Finding): CampaignCounterexample {
    const { explorer, patched: _, signature, ...rest } = finding
    const shrunk = this.#shrunk.get(signature)
    return {
      ...rest,
      signature,
      runs: this.#tally.signatures.get(signature) ?? 1,
      using: this.#explorer(explorer).text,
      repeats: this.#repeats.get(signature) ?? 'untried',
      ...(shrunk !== undefined && { shrunk }),
      ...this.#files.get(signature),
    }
  }

  #explorer(index: number): NamedExplorer {
    return this.#plan.explorers[index] as NamedExplorer
  }

  #state(index: number): Going {
    return this.#explorers[index] as Going
  }

  get #seconds(): number {
    return (this.#nowMs() - this.#beganMs) / 1000
  }
}

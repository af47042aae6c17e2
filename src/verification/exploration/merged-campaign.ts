import { TroupeError } from '../../base/errors.js'
import type { ReadCampaign } from './campaign-folder.js'
import {
  type CampaignCounterexample,
  type CampaignRecord,
  type ExplorerRecord,
  openQuestions,
  verdictOf,
} from './campaign-record.js'
import { Tally } from './tally.js'

export interface MergedCampaign {
  readonly record: CampaignRecord
  readonly distinct: ReadonlySet<string>
  /** Where each counterexample that was kept comes from. */
  readonly from: ReadonlyMap<CampaignCounterexample, ReadCampaign>
}

/**
 * Several campaigns of one scenario as one: counts are added, and of each failure the smallest run is kept.
 * @throws TroupeError ERR_BAD_OPTION for campaigns of two scenarios, or that ran the same seeds or the same slice twice
 */
export function mergeCampaigns(campaigns: readonly ReadCampaign[]): MergedCampaign {
  const [first] = campaigns
  if (first === undefined) throw new TroupeError('ERR_BAD_OPTION', 'no campaign to merge')
  for (const other of campaigns) checkAlike(first, other)
  const records = campaigns.map(({ record }) => record)
  const tally = new Tally([])
  for (const { record, distinct } of campaigns) {
    tally.merge(record)
    tally.differ(distinct)
  }
  const explorers = mergedExplorers(campaigns)
  const kept = smallestOfEach(campaigns)
  const interrupted = records.some((record) => record.interrupted)
  const seconds = round(sum(records, (record) => record.seconds))
  const nondeterminism = records.flatMap((record) => record.nondeterminism ?? [])[0]
  const grounds = {
    counterexamples: [...kept.keys()],
    stuck: records.flatMap(({ stuck }) => stuck),
    ...(nondeterminism !== undefined && { nondeterminism }),
    undecided: [...openQuestions(tally.counts, explorers, interrupted), ...missingShares(records)],
  }
  const { scenario, runtime, nodes, level, workers } = first.record
  return {
    from: kept,
    distinct: tally.distinct,
    record: {
      v: 1,
      kind: 'campaign',
      scenario,
      runtime,
      ...(nodes !== undefined && { nodes }),
      ...(level !== undefined && { level }),
      verdict: verdictOf(grounds),
      ...tally.counts,
      perSecond: Math.round(tally.counts.executions / Math.max(0.1, seconds)),
      seconds,
      distinct: Math.max(tally.distinct.size, ...records.map(({ distinct }) => distinct)),
      explorers,
      shard: { index: 0, of: 1 },
      workers,
      interrupted,
      merged: sum(records, ({ merged = 1 }) => merged),
      ...grounds,
    },
  }
}

function checkAlike(a: ReadCampaign, b: ReadCampaign): void {
  for (const field of ['scenario', 'runtime', 'nodes', 'level'] as const) {
    const [one, other] = [a, b].map(({ record }) => JSON.stringify(record[field]) ?? 'its own')
    if (one === other) continue
    const detail = `${a.path} and ${b.path} do not belong together: ${field} is ${one} in one, ${other} in the other`
    throw new TroupeError('ERR_BAD_OPTION', detail)
  }
}

/** What one campaign has of one explorer. */
interface Slice {
  readonly campaign: ReadCampaign
  readonly explorer: ExplorerRecord
}

function mergedExplorers(campaigns: readonly ReadCampaign[]): ExplorerRecord[] {
  const byName = new Map<string, Slice[]>()
  for (const campaign of campaigns) {
    for (const explorer of campaign.record.explorers) {
      const slices = byName.get(explorer.using) ?? []
      byName.set(explorer.using, [...slices, { campaign, explorer }])
    }
  }
  return [...byName].map(([using, slices]) => {
    const seeds = mergedSeeds(using, slices)
    const ends = slices.some(({ explorer }) => explorer.exhausted !== undefined)
    return {
      using,
      executions: sum(slices, ({ explorer }) => explorer.executions),
      skipped: sum(slices, ({ explorer }) => explorer.skipped),
      ...(seeds.length > 0 && { seeds }),
      ...(ends && { exhausted: allTried(using, slices) }),
    }
  })
}

/** Ranges in order, those that touch as one. */
function mergedSeeds(using: string, slices: readonly Slice[]): (readonly [number, number])[] {
  const ranges = slices.flatMap(({ campaign: { path }, explorer: { seeds = [] } }) =>
    seeds.map(([from, to]) => ({ from, to, path })),
  )
  ranges.sort((a, b) => a.from - b.from)
  const merged: [number, number][] = []
  let before: (typeof ranges)[number] | undefined
  for (const range of ranges) {
    if (before !== undefined && range.from <= before.to) {
      const [a, b] = [before, range].map(({ from, to, path }) => `${path} ran ${from} to ${to}`)
      throw new TroupeError('ERR_BAD_OPTION', `the same seeds of ${using} twice: ${a}, ${b}`)
    }
    const last = merged.at(-1)
    if (last !== undefined && last[1] + 1 === range.from) last[1] = range.to
    else merged.push([range.from, range.to])
    before = range
  }
  return merged
}

/** A search is at its end when every slice of it is. */
function allTried(using: string, slices: readonly Slice[]): boolean {
  const seen = new Map<number, string>()
  const [{ shard, workers } = { shard: { of: 1 }, workers: 1 }] = slices.map(
    ({ campaign }) => campaign.record,
  )
  for (const { campaign } of slices) {
    const { path, record } = campaign
    const twice = seen.get(record.shard.index)
    if (twice !== undefined) {
      const detail = `the same slice of ${using} twice, ${record.shard.index} of ${record.shard.of}: ${twice} and ${path}`
      throw new TroupeError('ERR_BAD_OPTION', detail)
    }
    seen.set(record.shard.index, path)
    // Threads share a slice out as well.
    if (record.shard.of === shard.of && (record.workers === workers || shard.of === 1)) continue
    const detail = `${path} is a slice of another cut of ${using}: all must have the same number of shares and of workers`
    throw new TroupeError('ERR_BAD_OPTION', detail)
  }
  return seen.size === shard.of && slices.every(({ explorer }) => explorer.exhausted === true)
}

/** Parts of the work of which there is no result. */
function missingShares(records: readonly CampaignRecord[]): string[] {
  const of = Math.max(...records.map(({ shard }) => shard.of))
  if (of === 1) return []
  const there = new Set(records.map(({ shard }) => shard.index))
  const missing = Array.from({ length: of }, (_, at) => at).filter((at) => !there.has(at))
  if (missing.length === 0) return []
  const some = missing.slice(0, 10).join(', ')
  return [
    `${missing.length} of ${of} shares are missing: ${some}${missing.length > 10 ? ' …' : ''}`,
  ]
}

function smallestOfEach(
  campaigns: readonly ReadCampaign[],
): Map<CampaignCounterexample, ReadCampaign> {
  const best = new Map<string, { found: CampaignCounterexample; campaign: ReadCampaign }>()
  for (const campaign of campaigns) {
    for (const found of campaign.record.counterexamples) {
      const other = best.get(found.signature)
      const runs = found.runs + (other?.found.runs ?? 0)
      const smaller = other === undefined || sizeOf(found) < sizeOf(other.found)
      const one = smaller ? { found, campaign } : other
      best.set(found.signature, { ...one, found: { ...one.found, runs } })
    }
  }
  return new Map([...best.values()].map(({ found, campaign }) => [found, campaign]))
}

const sizeOf = ({ operations, faults, deviations, events }: CampaignCounterexample): number =>
  (operations + faults + deviations) * 1e7 + events

const sum = <T>(all: readonly T[], of: (one: T) => number): number =>
  all.reduce((total, one) => total + of(one), 0)

const round = (value: number): number => Math.round(value * 10) / 10

/**
 * How long does a small ask take beside bulk, on the bulk's channel and on another one? Baseline: the
 * same ask while nothing else is sent. Each cell has bare sockets beside it, in the same run: one for
 * all, or one each, with whole messages; and what the bulk does with and without the asks.
 */
import { type Doors, file, type Job, type Outcome } from './lane-ends.js'
import { Dialogue, Link, type LinkPlan, LOOPBACK, possible } from './link.js'

const KIB = 1024
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 3)

interface Setting {
  readonly plan: LinkPlan
  readonly bulk: string
  readonly bulkBytes: number
  readonly inFlight: number
}

const NEAR: LinkPlan = { name: '1 ms, 100 MB/s', rttMs: 1, rateMbit: 800 }
const FAR: LinkPlan = { name: '20 ms', rttMs: 20, rateMbit: 0 }
const MANY = { bulk: '16 x 512 KB', bulkBytes: 512 * KIB, inFlight: 16 }
const LARGE = { bulk: '2 x 8 MB', bulkBytes: 8192 * KIB, inFlight: 2 }

const settings: readonly Setting[] = [
  { plan: NEAR, ...MANY },
  { plan: FAR, ...LARGE },
  { plan: LOOPBACK, ...MANY },
  { plan: LOOPBACK, ...LARGE },
]

const wanted = new Set(
  possible(
    'head-of-line',
    settings.map(({ plan }) => plan),
  ),
)
const cells: Record<string, unknown>[] = []
for (const setting of settings)
  if (wanted.has(setting.plan)) cells.push(...(await cellsOf(setting)))

async function cellsOf(setting: Setting): Promise<Record<string, unknown>[]> {
  const link = new Link(setting.plan)
  try {
    const server = new Dialogue(link.start('b', [file, 'serve', link.far]))
    const doors = await server.line<Doors>()
    const client = new Dialogue(link.start('a', [file, 'ask', link.far, JSON.stringify(doors)]))
    const run = (job: Partial<Job>): Promise<Outcome> => {
      const { bulkBytes, inFlight } = setting
      const common = { bulkBytes, inFlight, bulkChannel: 'bulk', kind: 'asks', seconds: SECONDS }
      client.tell({ by: 'troupe', small: 'other', ...common, ...job })
      return client.line<Outcome>()
    }
    const table: Record<string, unknown>[] = []
    for (const by of ['troupe', 'bare'] as const) {
      const idle = await run({ by, bulkBytes: 0 })
      const alone = await run({ by, small: 'none' })
      for (const small of ['other', 'same'] as const) {
        const beside = await run({ by, small })
        table.push({
          by,
          link: setting.plan.name,
          bulk: setting.bulk,
          channel: small,
          idleP50Ms: idle.p50Ms,
          idleP99Ms: idle.p99Ms,
          p50Ms: beside.p50Ms,
          p99Ms: beside.p99Ms,
          bulkMbS: beside.mbS,
          bulkAloneMbS: alone.mbS,
        })
      }
    }
    return table
  } finally {
    link.down()
  }
}

const first = cells[0] as Record<string, number>
const value = first['p50Ms'] as number
const baseline = first['idleP50Ms'] as number
console.log(
  JSON.stringify({
    bench: 'head-of-line',
    value,
    unit: 'ms',
    baseline,
    ratio: baseline / value,
    p50Ms: value,
    p99Ms: first['p99Ms'],
    cells,
  }),
)
process.exit(0)

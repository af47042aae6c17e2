/**
 * Does a sender of small messages keep its rate beside one that sends 8 MB every 100 ms between the
 * same two nodes, on two channels and with two keys of one channel? Baseline: the same sender alone.
 * As many tells as there is room for, and asks one at a time; bare sockets beside them. Needs a link
 * of 1 Gbit/s and 1 ms (link.ts); on loopback it says what the machine alone does.
 */
import { type Doors, file, type Job, type Outcome } from './lane-ends.js'
import { Dialogue, Link, type LinkPlan, LOOPBACK, possible } from './link.js'

const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 3)
const GIGABIT: LinkPlan = { name: '1 ms, 1 Gbit/s', rttMs: 1, rateMbit: 1000 }
const BULK = { bulkBytes: 8 * 1024 * 1024, inFlight: 1, everyMs: 100 }

const cells: Record<string, unknown>[] = []
for (const plan of possible('fast-and-slow', [GIGABIT, LOOPBACK])) cells.push(...(await on(plan)))

async function on(plan: LinkPlan): Promise<Record<string, unknown>[]> {
  const link = new Link(plan)
  try {
    const server = new Dialogue(link.start('b', [file, 'serve', link.far]))
    const doors = await server.line<Doors>()
    const client = new Dialogue(link.start('a', [file, 'ask', link.far, JSON.stringify(doors)]))
    const run = (job: Partial<Job>): Promise<Outcome> => {
      client.tell({ bulkChannel: 'bulk', seconds: SECONDS, ...BULK, ...job })
      return client.line<Outcome>()
    }
    const table: Record<string, unknown>[] = []
    for (const by of ['troupe', 'bare'] as const) {
      for (const small of ['other', 'same'] as const) {
        for (const kind of ['tells', 'asks'] as const) {
          const solo = await run({ by, small, kind, bulkBytes: 0 })
          const beside = await run({ by, small, kind })
          const rate = kind === 'tells' ? beside.kS / solo.kS : solo.p50Ms / beside.p50Ms
          const channels = small === 'other' ? 'two channels' : 'two keys of one channel'
          table.push({
            by,
            link: plan.name,
            channels,
            kind,
            ratio: rate,
            soloKS: solo.kS,
            besideKS: beside.kS,
            soloP50Ms: solo.p50Ms,
            besideP50Ms: beside.p50Ms,
            bulkMbS: beside.mbS,
            bulkRefused: beside.refused,
          })
        }
      }
    }
    return table
  } finally {
    link.down()
  }
}

const first = cells[0] as Record<string, number>
const { soloKS: baseline, besideKS: value, ratio } = first
console.log(
  JSON.stringify({ bench: 'fast-and-slow', value, unit: 'k tells/s', baseline, ratio, cells }),
)
process.exit(0)

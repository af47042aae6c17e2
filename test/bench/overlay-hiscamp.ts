/**
 * What share of its messages does HiScamp send over long links, beside SCAMP? Reported for 300 nodes, as nothing bounds it:
 * `value` and `baseline` are the two shares, and less is better.
 */
import { hiscampReports } from '../sim/overlay-bars.js'

const cells = hiscampReports(300)
const [scamp, hiscamp] = cells.map(({ value }) => value) as [number, number]
console.log(
  JSON.stringify({
    bench: 'overlay-hiscamp',
    value: hiscamp,
    unit: 'share of links longer than a cluster is wide',
    baseline: scamp,
    ratio: scamp / hiscamp,
    cells,
  }),
)

import { isBar, isKept, type Measured } from '../sim/overlay-bars.js'

/** Measures, and prints how many of the bars are kept, of all; `cells` has every figure. */
export function benchBars(bench: string, measure: () => Measured[]): void {
  const began = performance.now()
  const measured = measure()
  const bars = measured.filter(isBar)
  const kept = bars.filter(isKept)
  console.log(
    JSON.stringify({
      bench,
      value: kept.length,
      unit: 'bars kept',
      baseline: bars.length,
      ratio: kept.length / bars.length,
      seconds: (performance.now() - began) / 1_000,
      rssMb: process.resourceUsage().maxRSS / 1_024,
      cells: measured.map((one) => (isBar(one) ? { ...one, kept: isKept(one) } : one)),
    }),
  )
}

import { assert } from 'chai'
import {
  cyclonBars,
  hyparviewBars,
  isBar,
  isKept,
  type Measured,
  plumtreeBars,
  type Size,
  scampBars,
  xbotBars,
} from '../sim/overlay-bars.js'

const BARS: Readonly<Record<string, (nodes: Size) => Measured[]>> = {
  HyParView: hyparviewBars,
  Cyclon: cyclonBars,
  SCAMP: scampBars,
  Plumtree: plumtreeBars,
  'X-BOT': xbotBars,
}

describe('the published figures, with 1,000 nodes', () => {
  for (const [name, measure] of Object.entries(BARS)) {
    it(`are those of ${name}`, () => {
      const measured = measure(1_000)
      const bars = measured.filter(isBar)
      assert.isNotEmpty(bars)
      assert.deepEqual(
        bars.filter((one) => !isKept(one)),
        [],
      )
    }).timeout(60_000)
  }
})

import {
  type MakeOverlay,
  type OverlayExpectations,
  overlayCases,
} from '../../src/testing/index.js'
import { seeds } from '../seeds.js'

export type { MakeOverlay, OverlayExpectations }

/** The contract suite that users run on overlays of their own, on one of ours. */
export function overlayContract(
  name: string,
  make: MakeOverlay,
  expectations: OverlayExpectations = {},
): void {
  describe(`overlay contract: ${name}`, () => {
    const cases = overlayCases(make, { seeds: seeds(3), ...expectations })
    for (const { title, run } of cases) it(title, run)
  })
}

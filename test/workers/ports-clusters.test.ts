import { fullMesh } from '../../src/overlay/full-mesh.js'
import { hyparview } from '../../src/overlay/hyparview.js'
import { type OverlaySubject, overlayClusterCases } from '../contracts/overlay-clusters.js'
import { OverPorts } from './over-ports.js'

const SUBJECTS: readonly OverlaySubject[] = [
  { name: 'fullMesh', make: () => fullMesh() },
  { name: 'hyparview', make: () => hyparview({ shuffleMs: 200 }) },
]

for (const subject of SUBJECTS) {
  describe(`clusters over ports and ${subject.name}`, () => {
    const cases = overlayClusterCases(subject, () => new OverPorts({ stores: true }))
    for (const { title, run } of cases) it(`${title} [ports]`, run).timeout(20_000)
  })
}

import { fullMesh } from '../../src/overlay/full-mesh.js'
import { staticMembers } from '../../src/overlay/static-members.js'
import { type OverlaySubject, overlayClusterCases } from '../contracts/overlay-clusters.js'
import { Real } from '../promises/real.js'
import { Simulated } from '../promises/simulated.js'
import { seeds } from '../seeds.js'

const SUBJECTS: readonly OverlaySubject[] = [
  { name: 'fullMesh', make: () => fullMesh() },
  { name: 'staticMembers', make: staticMembers, joins: false, removesOthers: false },
]

for (const subject of SUBJECTS) {
  describe(`clusters over ${subject.name}`, () => {
    for (const seed of seeds(20)) {
      for (const { title, run } of overlayClusterCases(subject, () => new Simulated(seed))) {
        it(`${title} [SEED=${seed}]`, run)
      }
    }
    for (const { title, run } of overlayClusterCases(subject, () => new Real({ stores: true }))) {
      it(`${title} [TCP]`, run).timeout(20_000)
    }
  })
}

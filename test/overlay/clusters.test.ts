import { clientServer } from '../../src/overlay/client-server/client-server.js'
import { fullMesh } from '../../src/overlay/full-mesh.js'
import type { OverlayFactory } from '../../src/overlay/overlay.js'
import { staticMembers } from '../../src/overlay/static-members.js'
import { type OverlaySubject, overlayClusterCases } from '../contracts/overlay-clusters.js'
import { Real } from '../promises/real.js'
import { Simulated } from '../promises/simulated.js'
import { seeds } from '../seeds.js'

/** Both roles in one cluster, told apart by the names of nodes. */
const roles: OverlayFactory = {
  name: 'client-server',
  create(self, random) {
    const role = ['n0', 'n2'].includes(self.name) ? 'server' : 'client'
    return clientServer({ role }).create(self, random)
  },
}

const SUBJECTS: readonly OverlaySubject[] = [
  { name: 'fullMesh', make: () => fullMesh() },
  { name: 'staticMembers', make: staticMembers, joins: false, removesOthers: false },
  { name: 'clientServer', make: () => roles, farWatches: false },
]

for (const subject of SUBJECTS) {
  describe(`clusters over ${subject.name}`, () => {
    for (const seed of seeds(subject.farWatches === false ? 4 : 20)) {
      for (const { title, run } of overlayClusterCases(subject, () => new Simulated(seed))) {
        it(`${title} [SEED=${seed}]`, run)
      }
    }
    for (const { title, run } of overlayClusterCases(subject, () => new Real({ stores: true }))) {
      it(`${title} [TCP]`, run).timeout(20_000)
    }
  })
}

import { clientServer } from '../../src/overlay/client-server/client-server.js'
import { cyclon } from '../../src/overlay/cyclon.js'
import { fullMesh } from '../../src/overlay/full-mesh.js'
import { hiscamp } from '../../src/overlay/hiscamp.js'
import type { Distance } from '../../src/overlay/hiscamp-options.js'
import { hyparview } from '../../src/overlay/hyparview.js'
import type { Member, OverlayFactory } from '../../src/overlay/overlay.js'
import { scampV1 } from '../../src/overlay/scamp-v1.js'
import { scampV2 } from '../../src/overlay/scamp-v2.js'
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

/** Even and odd names are far from each other. */
const distance: Distance = (a, b) => Math.abs(odd(a) - odd(b)) * 10
const odd = ({ name }: Member): number => Number(name.slice(1)) % 2

const SUBJECTS: readonly OverlaySubject[] = [
  { name: 'fullMesh', make: () => fullMesh() },
  { name: 'staticMembers', make: staticMembers, joins: false, removesOthers: false },
  { name: 'clientServer', make: () => roles },
  { name: 'hyparview', make: () => hyparview({ shuffleMs: 200 }) },
  { name: 'scampV1', make: () => scampV1({ periodMs: 200 }) },
  { name: 'scampV2', make: () => scampV2({ periodMs: 200 }) },
  { name: 'hiscamp', make: () => hiscamp({ periodMs: 200, distance }) },
  { name: 'cyclon', make: () => cyclon({ periodMs: 200 }) },
]

/** Seeds that have found something once; in SCAMP, sides of a partition that did not hold together. */
const FOUND: Readonly<Record<string, readonly number[]>> = { scampV2: [16, 30], hiscamp: [16, 67] }

/** The others meet more seeds in test/far. */
const DIRECT = new Set(['fullMesh', 'staticMembers'])

for (const subject of SUBJECTS) {
  describe(`clusters over ${subject.name}`, () => {
    for (const seed of seeds(DIRECT.has(subject.name) ? 20 : 2, FOUND[subject.name])) {
      for (const { title, run } of overlayClusterCases(subject, () => new Simulated(seed))) {
        it(`${title} [SEED=${seed}]`, run)
      }
    }
    for (const { title, run } of overlayClusterCases(subject, () => new Real({ stores: true }))) {
      it(`${title} [TCP]`, run).timeout(20_000)
    }
  })
}

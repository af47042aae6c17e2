import { fullMesh } from '../../src/overlay/full-mesh.js'
import { overlayContract } from '../contracts/overlay.js'

overlayContract('fullMesh', () => fullMesh())

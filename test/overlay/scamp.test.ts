import { scampV1 } from '../../src/overlay/scamp-v1.js'
import { scampV2 } from '../../src/overlay/scamp-v2.js'
import { overlayContract } from '../contracts/overlay.js'

const EXPECTED = { symmetric: false, rejoins: false, settleMs: 150_000 }
overlayContract('scampV1', () => scampV1(), EXPECTED)
overlayContract('scampV2', () => scampV2(), EXPECTED)

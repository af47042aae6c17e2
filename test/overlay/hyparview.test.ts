import { hyparview } from '../../src/overlay/hyparview.js'
import { overlayContract } from '../contracts/overlay.js'

overlayContract('hyparview', () => hyparview(), { removesOthers: false })

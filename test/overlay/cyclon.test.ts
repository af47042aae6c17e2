import { cyclon } from '../../src/overlay/cyclon.js'
import { overlayContract } from '../contracts/overlay.js'

overlayContract('cyclon', () => cyclon(), { symmetric: false, settleMs: 150_000 })
overlayContract(
  'cyclon connected to its whole view',
  () => cyclon({ view: 5, shuffle: 3, links: 5 }),
  {
    symmetric: false,
    settleMs: 150_000,
  },
)

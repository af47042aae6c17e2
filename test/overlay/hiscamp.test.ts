import { hiscamp } from '../../src/overlay/hiscamp.js'
import type { Member } from '../../src/overlay/overlay.js'
import { overlayContract } from '../contracts/overlay.js'

/** Of other clusters a node knows a few members only, and removes none that it does not know. */
const EXPECTED = { symmetric: false, removesOthers: false, settleMs: 150_000 }
/** Even and odd numbers live far apart. */
const parity = (a: Member, b: Member): number =>
  (Number(a.name.slice(1)) - Number(b.name.slice(1))) % 2 === 0 ? 0 : 10

overlayContract('hiscamp with two clusters', () => hiscamp({ distance: parity }), EXPECTED)

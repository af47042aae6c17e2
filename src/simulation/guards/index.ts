/**
 * The entry point `troupe/guards`: loaded before everything else (`node --import troupe/guards`), it
 * puts functions in place of Node's clocks, timers, randomness and ways to the outside. They are the
 * real ones for all but code of simulated nodes; for that the simulation's option `guards` decides.
 */
import { syncBuiltinESMExports } from 'node:module'
import { guardClocks } from './clocks.js'
import { guardGarbage } from './garbage.js'
import { guardOutside } from './outside.js'
import { guardRandomness } from './randomness.js'
import { guardSlot } from './slot.js'
import { guardTimers } from './timers.js'

if (!guardSlot.installed) {
  guardSlot.installed = true
  guardClocks()
  guardRandomness()
  guardTimers()
  guardGarbage()
  guardOutside()
  syncBuiltinESMExports()
}

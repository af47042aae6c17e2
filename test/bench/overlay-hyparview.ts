/** How many of the bars of HyParView at 10,000 nodes are kept? `cells` has each beside what is published. */
import { hyparviewBars } from '../sim/overlay-bars.js'
import { benchBars } from './overlay-cells.js'

benchBars('overlay-hyparview', () => hyparviewBars(10_000))

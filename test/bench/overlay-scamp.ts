/** How many of the bars of SCAMP at 10,000 nodes are kept? `cells` has each beside what is published. */
import { scampBars } from '../sim/overlay-bars.js'
import { benchBars } from './overlay-cells.js'

benchBars('overlay-scamp', () => scampBars(10_000))

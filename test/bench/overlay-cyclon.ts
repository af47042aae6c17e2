/** How many of the bars of Cyclon at 10,000 nodes are kept? `cells` has each beside what is published. */
import { cyclonBars } from '../sim/overlay-bars.js'
import { benchBars } from './overlay-cells.js'

benchBars('overlay-cyclon', () => cyclonBars(10_000))

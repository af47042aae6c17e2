/** How many of the bars of X-BOT at 10,000 nodes are kept? `cells` has each beside what is published. */
import { xbotBars } from '../sim/overlay-bars.js'
import { benchBars } from './overlay-cells.js'

benchBars('overlay-xbot', () => xbotBars(10_000))

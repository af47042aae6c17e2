/**
 * How many of the bars of Plumtree over HyParView at 10,000 nodes are kept? `cells` has each beside what is published,
 * and what a hundred senders and failures of 40, 60 and 80 % come to.
 */
import { plumtreeBars, plumtreeReports } from '../sim/overlay-bars.js'
import { benchBars } from './overlay-cells.js'

benchBars('overlay-plumtree', () => [...plumtreeBars(10_000), ...plumtreeReports(10_000)])

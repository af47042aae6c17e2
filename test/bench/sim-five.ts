/**
 * How many executions a second of five full nodes in a simulated world: started, joined, about 1,500
 * messages between actors? Baseline: a bare loop of as many encoded events.
 */
import { benchExecutions } from './sim-execution.js'

console.log(
  JSON.stringify(await benchExecutions('sim-five', 5, 120, 60, { warmUp: 500, count: 40 })),
)
process.exit(0)

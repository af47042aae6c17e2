/**
 * How many executions a second of three full nodes in a simulated world: started, joined, about 200
 * messages between actors? Baseline: a bare loop of as many encoded events.
 */
import { benchExecutions } from './sim-execution.js'

console.log(
  JSON.stringify(await benchExecutions('sim-three', 3, 25, 17, { warmUp: 3_000, count: 300 })),
)
process.exit(0)

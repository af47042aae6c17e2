import { RealClock } from '../world/real/real-clock.js'
import { readWorkersOptions, type WorkersOptions } from './worker-options.js'
import { Workers } from './workers.js'

/**
 * Starts worker threads of this process, each with a node of its own: `name.1`, `name.2` and so on. They are
 * nodes as others are, listen and are joined as others are; only that between threads of this process messages
 * travel over ports in place of sockets, to and from nodes in this thread too. Resolves when all have joined
 * each other and run what their module starts.
 *
 * A worker that throws outside of an actor, runs out of memory or calls `process.exit` is a node that goes down:
 * supervisors elsewhere start again what they had placed there. The thread is started again as `restart` says.
 *
 * @throws TroupeError ERR_BAD_OPTION naming option, rule and value, and ERR_BAD_ADDRESS, before anything starts;
 *   ERR_WORKER_ENDED with the reason as cause, with none left running
 */
export async function startWorkers(options: WorkersOptions): Promise<Workers> {
  return new Workers(readWorkersOptions(options), new RealClock()).start()
}

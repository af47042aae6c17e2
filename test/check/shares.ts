import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { bundled } from '../processes/bundle.js'
import { type CheckArguments, WrongUse } from './check-arguments.js'
import { type Found, together } from './found.js'
import type { Answer, Share } from './search-process.js'

const FILE = fileURLToPath(new URL('./search-process.ts', import.meta.url))
/**
 * Much dies young in a simulation (see `npm run sim`), and nobody reads where a refusal was thrown. Half of
 * a short search is compiling: at once and simply, and of what is hot no larger pieces than pay. All
 * processors are taken, so helpers would only be in the way.
 */
const FLAGS = [
  '--always-sparkplug',
  '--max-inlined-bytecode-size-cumulative=300',
  '--no-allocation-site-pretenuring',
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
  '--single-threaded',
  '--stack-trace-limit=0',
]
const PROCESSES_MAX = 16

/**
 * A search, shared out among as many processes as there are processors where it can be; `entry` is what they run.
 * @throws WrongUse where what is given cannot be searched; Error when a process failed
 */
export async function searched(
  given: CheckArguments,
  progress: (executions: number) => void,
  entry = FILE,
): Promise<Found> {
  const { maxOmissions, json: _, ...what } = given
  const alone = given.mode === 'dpor' || given.prune.length > 0
  const of = alone ? 1 : Math.min(availableParallelism(), PROCESSES_MAX)
  const { file, remove } = await bundled(entry)
  const done = new Array<number>(of).fill(0)
  const max = Number.isFinite(maxOmissions) ? maxOmissions : undefined
  const children = done.map(() => fork(file, { execArgv: FLAGS }))
  try {
    const parts = children.map((child, index) =>
      shareOf(child, { ...what, max, shard: { index, of } }, (executions) => {
        done[index] = executions
        progress(done.reduce((sum, one) => sum + one))
      }),
    )
    return together(await Promise.all(parts))
  } finally {
    // where one failed, the others search for nothing
    for (const child of children) child.kill()
    await remove()
  }
}

function shareOf(
  child: ChildProcess,
  share: Share,
  progress: (executions: number) => void,
): Promise<Found> {
  return new Promise((resolve, reject) => {
    child.on('message', (said: Answer) => {
      if (said.type === 'progress') progress(said.executions)
      else if (said.type === 'found') resolve(said.found)
      else reject(said.refused ? new WrongUse(said.message) : new Error(said.message))
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => reject(new Error(`a search ended with ${signal ?? code}`)))
    child.send(share)
  })
}

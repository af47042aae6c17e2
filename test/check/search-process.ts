/** One share of a search, in a process of its own: told what by a message, and answers by messages. */
import { setFlagsFromString } from 'node:v8'
import { codeOf, messageOf } from '../../src/base/errors.js'
import { dpor, omissions } from '../../src/verification/index.js'
import type { CheckArguments } from './check-arguments.js'
import { protocolNamed } from './protocols.js'
import { type Found, search } from './search.js'

/** What the process is told. Infinity does not survive JSON: no `max` is no bound. */
export interface Share extends Omit<CheckArguments, 'maxOmissions' | 'json'> {
  readonly max: number | undefined
  readonly shard: { readonly index: number; readonly of: number }
}

/** What it answers. */
export type Answer =
  | { readonly type: 'progress'; readonly executions: number }
  | { readonly type: 'found'; readonly found: Found }
  /** `refused`: what it was told cannot be searched. */
  | { readonly type: 'failed'; readonly refused: boolean; readonly message: string }

/**
 * How much bytecode of a function runs until it is compiled, after so many executions. What most executions need
 * shows in the first ones, and pays soonest when it is compiled then. What is not hot by then pays late, if at all:
 * it waits for longer than V8 lets it by itself (67,584), until the search turns out to be a long one.
 */
const BUDGETS = new Map([
  [0, 10_000],
  [400, 400_000],
  [5_000, 67_584],
])

function compileAfter(executions: number): void {
  const budget = BUDGETS.get(executions)
  if (budget !== undefined) setFlagsFromString(`--interrupt-budget=${budget}`)
}

compileAfter(0)

const answer = (said: Answer): void => void process.send?.(said)

// Nobody waits for it any more.
process.once('disconnect', () => process.exit())

process.once('message', (share: Share) => {
  void run(share)
    .then(
      (found) => answer({ type: 'found', found }),
      (error: unknown) => answer(failed(error)),
    )
    .then(() => process.disconnect())
})

function failed(error: unknown): Answer {
  const refused = codeOf(error) === 'ERR_BAD_OPTION'
  const stack = (error as Error | undefined)?.stack
  return {
    type: 'failed',
    refused,
    message: refused ? messageOf(error) : (stack ?? messageOf(error)),
  }
}

function run({ protocol, participants, bug, mode, prune, crashes, seconds, ...share }: Share) {
  const { max = Number.POSITIVE_INFINITY, shard } = share
  const scenario = protocolNamed(protocol, participants + 1, bug)
  const factory =
    mode === 'dpor'
      ? dpor({ prune: prune as readonly 'symmetry'[] })
      : omissions({ max, mode, prune, crashes })
  return search(scenario, factory, {
    shard,
    ...(seconds !== undefined && { seconds }),
    progress: (executions) => {
      compileAfter(executions)
      answer({ type: 'progress', executions })
    },
  })
}

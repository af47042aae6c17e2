import { check } from '../../base/options.js'
import { fifoLookahead } from './fifo-lookahead.js'
import { decideFifo, EMPTY } from './fifo-order.js'
import type { HistoryOp } from './history.js'
import type { Model, OperationRule } from './model.js'
import { valueText } from './value-text.js'

const ENQUEUE: OperationRule = {
  takes: check('a value, not null', (value) => value !== undefined && value !== null),
  gives: 'same',
}
const DEQUEUE: OperationRule = { takes: 'nothing', gives: 'anything' }

/** First in, first out: `enqueue` takes a value, `dequeue` gives the oldest, or null when there is none. */
export const fifoQueue = (): Model<string> => new FifoQueue()

/** Its state: a line for each value in it, the oldest first. */
class FifoQueue implements Model<string> {
  readonly name = 'queue'
  readonly operations = { enqueue: ENQUEUE, dequeue: DEQUEUE }
  readonly initial = ''

  text(state: string): string {
    return state
  }

  step(state: string, op: HistoryOp): string | undefined {
    if (op.f === 'enqueue') return `${state}${valueText(op.value)}\n`
    const end = state.indexOf('\n')
    const first = end === -1 ? EMPTY : state.slice(0, end)
    if (op.status === 'ok' && valueText(op.result) !== first) return undefined
    return state.slice(end + 1)
  }

  isRead({ f, result, status }: HistoryOp): boolean {
    return f === 'dequeue' && status === 'ok' && valueText(result) === EMPTY
  }

  /** What is never taken from the queue is missed by nobody. */
  noticeable(open: readonly HistoryOp[], done: readonly HistoryOp[]): readonly HistoryOp[] {
    const taken = new Set(
      done.filter(({ f }) => f === 'dequeue').map(({ result }) => valueText(result)),
    )
    return open.filter(({ f, value }) => f === 'dequeue' || taken.has(valueText(value)))
  }

  lookahead(
    ops: readonly HistoryOp[],
  ): (at: number, state: string, taken: (place: number) => boolean) => boolean {
    const hopeless = fifoLookahead(ops)
    return (at, state, taken) => {
      const texts = state.split('\n')
      texts.pop()
      return hopeless(at, texts, taken)
    }
  }

  decide(ops: readonly HistoryOp[]): boolean | undefined {
    return decideFifo(ops)
  }
}

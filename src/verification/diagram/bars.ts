import type { Lane, Lanes } from './lanes.js'
import { ROW, type Rows } from './rows.js'
import type { Operation, Story } from './story.js'

/** An operation of a client, at the side. */
export interface Bar {
  readonly operation: number
  readonly x: number
  readonly y: number
  readonly height: number
  readonly status: Operation['status']
  readonly failing: boolean
  /** Where its label stands: beside the bars of all clients. */
  readonly labelX: number
  readonly client: string
  readonly text: string
  readonly result: string
  /** From where on the node's lane lines lead to the call and from the return. */
  readonly callX: number
  readonly returnX?: number
}

export const BAR_WIDTH = 10
const BAR_STEP = 14
const MARGIN = 24
/** Pixels of a character, about. */
const CHARACTER = 7.2
const TEXT_MOST = 34
const RESULT_MOST = 24
/** A call that returns in its own step. */
const SHORT = 12

/** Bars, one column for each client, and where the picture ends. */
export function barsOf(
  story: Story,
  rows: Rows,
  lanes: Lanes,
): { readonly bars: Bar[]; readonly right: number } {
  const { clients, operations, steps } = story
  if (operations.length === 0) return { bars: [], right: lanes.right }
  const labelX = lanes.right + clients.length * BAR_STEP + 6
  const bars = operations.map((operation, at): Bar => {
    const { called, returned, client, node, status } = operation
    const top = rows.y[called] as number
    const bottom = returned === undefined ? rows.end : (rows.y[returned] as number)
    const short = bottom - top < SHORT
    const laneX = (step: number): number =>
      (lanes.list[lanes.of(node, steps[step]?.actor)] as Lane).x
    const back = returned !== undefined && !short && steps[returned]?.node === node
    return {
      operation: at,
      x: lanes.right + client * BAR_STEP,
      y: short ? top - SHORT / 2 : top,
      height: short ? SHORT : bottom - top,
      status,
      failing: operation.failing === true,
      labelX,
      client: clients[client] as string,
      text: shortened(operation.text, TEXT_MOST),
      result: shortened(operation.result, RESULT_MOST),
      callX: laneX(called),
      ...(back && { returnX: laneX(returned as number) }),
    }
  })
  const longest = Math.max(
    ...bars.map(({ client, text, result }) => client.length + text.length + result.length + 4),
  )
  return { bars, right: Math.ceil(labelX + longest * CHARACTER + MARGIN) }
}

export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`

/** How far above a row's middle its rectangle begins. */
export const HALF_ROW = ROW / 2

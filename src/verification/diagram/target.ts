import { BAR_WIDTH } from './bars.js'
import type { Arrow, Layout } from './layout.js'
import { ROW } from './rows.js'

/** What a pointer is on. */
export type Target =
  | { readonly kind: 'step' | 'message' | 'operation'; readonly at: number }
  | { readonly kind: 'fold'; readonly at: number }

const DOT_REACH = 11
const ARROW_REACH = 7

/** What stands at a place of a drawing: a dot before an arrow, and both before the label of a row. */
export function targetAt(layout: Layout, x: number, y: number): Target | undefined {
  const row = layout.rows.find((one) => Math.abs(one.y - y) <= ROW / 2)
  if (row?.fold !== undefined && x > layout.left && x < layout.right) {
    return { kind: 'fold', at: row.step }
  }
  const dot = layout.dots.find((one) => Math.hypot(one.x - x, one.y - y) <= DOT_REACH)
  if (dot !== undefined) return { kind: 'step', at: dot.step }
  for (const { operation, x: left, y: top, height, labelX } of layout.bars) {
    const onBar =
      x >= left - 2 && x <= left + BAR_WIDTH + 2 && y >= top - 4 && y <= top + height + 4
    const onLabel = x >= labelX - 4 && Math.abs(y - top) <= ROW / 2
    if (onBar || onLabel) return { kind: 'operation', at: operation }
  }
  let nearest: Arrow | undefined
  let least = ARROW_REACH
  for (const arrow of layout.arrows) {
    const distance = distanceTo(arrow, x, y)
    if (distance >= least) continue
    least = distance
    nearest = arrow
  }
  if (nearest !== undefined) return { kind: 'message', at: nearest.message }
  const label = row && layout.labels.find(({ step }) => step === row.step)
  if (label === undefined) return undefined
  const reach = (label.text.length + label.rest.length + 1) * 7
  const along = label.side === 'right' ? x - label.x : label.x - x
  return along >= 0 && along <= reach ? { kind: 'step', at: label.step } : undefined
}

/** From a point to the nearest one of a line. */
function distanceTo({ x1, y1, x2, y2 }: Arrow, x: number, y: number): number {
  const dx = x2 - x1
  const dy = y2 - y1
  const square = dx * dx + dy * dy || 1
  const along = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / square))
  return Math.hypot(x - (x1 + along * dx), y - (y1 + along * dy))
}

import type { Note, Step, Story } from './story.js'
import { isShown, type View } from './view.js'

/** Heights in pixels. */
export const ROW = 22
export const GAP = 18
/** As many quiet steps in a row, and more, are folded. */
const FOLD_LEAST = 4
/** Time that passes between two rows shows where it is so many times what is usual, and at least that. */
const GAP_TIMES = 20
const GAP_LEAST_US = 20_000

/** A row, from top to bottom: a step, or steps that are folded. */
export interface Row {
  /** The step, or the first of those that are folded. */
  readonly step: number
  /** Of folded ones the last, and how many. */
  readonly fold?: { readonly last: number; readonly count: number }
  /** Its middle. */
  readonly y: number
  /** Microseconds. */
  readonly t: number
  /** Time that has passed since the row before, where that is long. */
  readonly gapUs?: number
}

export interface Rows {
  readonly list: readonly Row[]
  /** Of every step: the middle of its row, or where it would stand. */
  readonly y: readonly number[]
  /** Whether a step has a row of its own. */
  readonly shown: readonly boolean[]
  /** Below the last row. */
  readonly end: number
}

/** Which steps have rows, and where: one below the other, however much time lies between them. */
export function rowsOf(story: Story, view: View): Rows {
  const seen = stepsSeen(story, view)
  const stretches = stretchesOf(story.steps, seen, view)
  const usual = usualGap(story.steps, seen)
  const list: Row[] = []
  const y: number[] = []
  const shown: boolean[] = []
  let bottom = ROW / 2
  let before: number | undefined
  for (let at = 0; at < story.steps.length; at++) {
    const { t } = story.steps[at] as Step
    y[at] = bottom + ROW / 2
    shown[at] = false
    const fold = stretches.get(at)
    if (!seen[at]) continue
    const passed = before === undefined ? 0 : t - before
    const gap = passed >= Math.max(GAP_LEAST_US, usual * GAP_TIMES) ? { gapUs: passed } : {}
    if (passed >= Math.max(GAP_LEAST_US, usual * GAP_TIMES)) bottom += GAP
    const middle = bottom + ROW / 2
    if (fold === undefined) {
      shown[at] = true
      y[at] = middle
      list.push({ step: at, y: middle, t, ...gap })
      before = t
    } else {
      list.push({ step: at, fold, y: middle, t, ...gap })
      for (let inside = at; inside <= fold.last; inside++) {
        y[inside] = middle
        shown[inside] = false
      }
      at = fold.last
      before = (story.steps[at] as Step).t
    }
    bottom += ROW
  }
  return { list, y, shown, end: bottom + ROW / 2 }
}

/** Whether a note is shown. */
export const isNoted = ({ tag }: Note, view: View): boolean =>
  tag === undefined || !view.hiddenTags.has(tag)

/** Steps with something to see: notes, operations, ends of messages. */
function stepsSeen(story: Story, view: View): boolean[] {
  const seen = story.steps.map(({ notes = [] }) => notes.some((note) => isNoted(note, view)))
  for (const message of story.messages) {
    if (!isShown(message, story, view)) continue
    if (message.sent !== undefined) seen[message.sent] = true
    for (const { step } of message.ends) seen[step] = true
  }
  for (const { called, returned } of story.operations) {
    seen[called] = true
    if (returned !== undefined) seen[returned] = true
  }
  return seen
}

/** Stretches that are folded, by their first step. */
function stretchesOf(
  steps: readonly Step[],
  seen: readonly boolean[],
  { folds, unfolded }: View,
): Map<number, { readonly last: number; readonly count: number }> {
  const stretches = new Map<number, { readonly last: number; readonly count: number }>()
  if (!folds) return stretches
  let inside: number[] = []
  const close = (): void => {
    const [first] = inside
    if (first !== undefined && inside.length >= FOLD_LEAST && !unfolded.has(first)) {
      stretches.set(first, { last: inside.at(-1) as number, count: inside.length })
    }
    inside = []
  }
  for (const [at, { quiet }] of steps.entries()) {
    if (!seen[at]) continue
    if (quiet) inside.push(at)
    else close()
  }
  close()
  return stretches
}

/** The median time between two steps that are seen, at least a microsecond. */
function usualGap(steps: readonly Step[], seen: readonly boolean[]): number {
  const times = steps.filter((_, at) => seen[at]).map(({ t }) => t)
  const gaps = times.slice(1).map((t, at) => t - (times[at] as number))
  const passing = gaps.filter((gap) => gap > 0).sort((a, b) => a - b)
  return passing[passing.length >> 1] ?? 1
}

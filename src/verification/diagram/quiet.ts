import type { Message, NoteKind, Operation, Step } from './story.js'

const LOUD: ReadonlySet<NoteKind> = new Set([
  'restart',
  'crash',
  'fault',
  'end-fault',
  'choice',
  'note',
  'warning',
])

/**
 * Marks the steps that a reader can do without: those that no operation of a client led to, and in which,
 * and after which because of them, nothing went wrong. Where there are no operations, all steps with
 * messages of actors are told.
 *
 * @param ofActors whether messages with that tag are of actors
 */
export function markQuiet(
  steps: readonly Step[],
  messages: readonly Message[],
  operations: readonly Operation[],
  ofActors: (tag: number) => boolean,
): Step[] {
  const loud = steps.map(({ notes = [] }) => notes.some(({ kind }) => LOUD.has(kind)))
  const mark = (step: number | undefined): void => {
    if (step !== undefined) loud[step] = true
  }
  for (const { ends, sent, twice, changed, tag } of messages) {
    const arrived = ends.some(({ lost }) => lost !== true)
    const wrong = twice || changed || !arrived || ends.some(({ lost }) => lost)
    if (!ofActors(tag) || !(wrong || operations.length === 0)) continue
    mark(sent)
    for (const { step } of ends) mark(step)
  }
  // What led to something that went wrong is part of its story.
  for (let at = steps.length - 1; at >= 0; at--) if (loud[at]) mark(steps[at]?.cause)
  for (const { called, returned } of operations) {
    mark(called)
    mark(returned)
  }
  for (const [at, { cause }] of steps.entries()) {
    if (cause !== undefined && loud[cause] === true) loud[at] = true
  }
  return steps.map((step, at) => (loud[at] ? step : { ...step, quiet: true }))
}

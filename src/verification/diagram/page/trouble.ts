import type { NoteKind, Story } from '../story.js'

const KINDS: ReadonlySet<NoteKind> = new Set(['crash', 'restart', 'fault', 'end-fault'])

/** The next step before or after one in which something goes wrong; undefined where there is none. */
export function troubleOf(story: Story, from: number, direction: 1 | -1): number | undefined {
  const steps = new Set<number>()
  for (const [at, { notes = [] }] of story.steps.entries()) {
    if (notes.some(({ kind }) => KINDS.has(kind))) steps.add(at)
  }
  for (const { ends, sent, tag, twice, changed } of story.messages) {
    if (story.tags[tag]?.kind === 'system') continue
    for (const { step, lost } of ends) if (lost || twice || changed) steps.add(step)
    if (ends.length === 0 && sent !== undefined) steps.add(sent)
  }
  for (const { failing, called } of story.operations) if (failing) steps.add(called)
  const ahead = [...steps].filter((step) => (step - from) * direction > 0)
  if (ahead.length === 0) return undefined
  return direction === 1 ? Math.min(...ahead) : Math.max(...ahead)
}

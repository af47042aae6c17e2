import { shortened } from './bars.js'
import type { Lane, Lanes } from './lanes.js'
import { isNoted, type Rows } from './rows.js'
import type { Message, NoteKind, Step, Story } from './story.js'
import { isShown, type View } from './view.js'

/** What stands beside a dot; a row has one. */
export interface Label {
  readonly step: number
  readonly x: number
  readonly y: number
  readonly side: 'left' | 'right'
  readonly kind: 'message' | 'answer' | 'lost' | NoteKind
  readonly text: string
  /** What follows, less loud: the arguments. */
  readonly rest: string
}

const BESIDE = 11
/** Pixels of a character, about. */
const CHARACTER = 6.5
const AIR = 20
/** A fault's text may cross the lanes. */
const ACROSS = 90

export function labelsOf(story: Story, view: View, rows: Rows, lanes: Lanes): Label[] {
  const arriving = new Map<number, Message[]>()
  const lost = new Map<number, Message[]>()
  const add = (to: Map<number, Message[]>, step: number, message: Message): void => {
    const known = to.get(step)
    if (known === undefined) to.set(step, [message])
    else known.push(message)
  }
  for (const message of story.messages) {
    if (!isShown(message, story, view)) continue
    for (const end of message.ends) add(end.lost ? lost : arriving, end.step, message)
    if (message.ends.length === 0 && message.sent !== undefined) add(lost, message.sent, message)
  }
  return rows.list.flatMap(({ step: at, y, fold }) => {
    const step = story.steps[at]
    if (fold || step === undefined) return []
    const lane = lanes.ofStep(step)
    if (lane === undefined) return apart(step, at, y, view, lanes)
    const { x } = lanes.list[lane] as Lane
    const texts = textsOf(story, view, step, arriving.get(at) ?? [], lost.get(at) ?? [])
    if (texts === undefined) return []
    const { kind, text, rest, from } = texts
    // On the side that the message does not come from.
    const side = from !== undefined && lanes.of(from) > lane ? 'left' : 'right'
    const outer = side === 'left' ? lane === 0 : lane === lanes.list.length - 1
    const most = Math.floor(((outer ? lanes.side : lanes.spacing) - AIR) / CHARACTER)
    const [head, tail] = fitted(text, rest, most)
    const labelX = side === 'left' ? x - BESIDE : x + BESIDE
    return [{ step: at, x: labelX, y, side, kind, text: head, rest: tail }]
  })
}

/** Faults and notes, which are of no node: from the left over all lanes. */
function apart(step: Step, at: number, y: number, view: View, lanes: Lanes): Label[] {
  const note = step.notes?.find((one) => one.kind !== 'choice' && isNoted(one, view))
  const [choice] = step.notes ?? []
  const shown = note ?? choice
  if (shown === undefined) return []
  const text = shortened(shown.text, ACROSS)
  const { kind } = shown
  return [{ step: at, x: lanes.left + 6, y, side: 'right', kind, text, rest: '' }]
}

interface Texts extends Pick<Label, 'kind' | 'text' | 'rest'> {
  /** The node from which a message comes. */
  readonly from?: number
}

function textsOf(
  story: Story,
  view: View,
  { notes = [] }: Step,
  arriving: readonly Message[],
  lost: readonly Message[],
): Texts | undefined {
  const note = notes.find((one) => one.kind !== 'choice' && isNoted(one, view))
  if (note !== undefined && (note.kind !== 'log' || arriving.length === 0)) {
    // What follows the first comma is for who asks.
    return { kind: note.kind, text: note.text.split(', ')[0] as string, rest: '' }
  }
  const [gone] = lost
  if (gone !== undefined && arriving.length === 0) {
    const more = lost.length > 1 ? ` and ${lost.length - 1} more` : ''
    const what = gone.ends.length === 0 ? 'never arrives' : 'lost'
    return { kind: 'lost', text: `${labelOf(gone)}${more} ${what}`, rest: '', from: gone.from }
  }
  const [first] = arriving
  if (first === undefined) return undefined
  const names = new Map<string, number>()
  for (const { tag } of arriving) {
    const name = story.tags[tag]?.name ?? ''
    names.set(name, (names.get(name) ?? 0) + 1)
  }
  const text = [...names]
    .map(([name, count]) => (count > 1 ? `${name} ×${count}` : name))
    .join(', ')
  const answers = [...names.keys()].every((name) => name === 'reply' || name === 'failure')
  const rest = arriving.length === 1 ? (first.body ?? '') : ''
  return { kind: answers ? 'answer' : 'message', text, rest, from: first.from }
}

/** Its name with its number, as faults have it. */
const labelOf = ({ id }: Message): string => id.slice(id.indexOf(':') + 1)

function fitted(text: string, rest: string, most: number): readonly [string, string] {
  const head = shortened(text, most)
  const left = most - head.length - 1
  return [head, left < 3 ? '' : shortened(rest, left)]
}

import type { Message, Step, Story } from './story.js'
import { durationText, timeText } from './times.js'

/** What a card says: a heading, and lines of a name and a text. */
export interface Description {
  readonly heading: string
  readonly lines: readonly (readonly [name: string, text: string])[]
  /** The step that brought it about. */
  readonly cause?: number
}

/** A message: its envelope, and its cause. */
export function describeMessage(story: Story, at: number): Description {
  const message = story.messages[at] as Message
  const { id, channel, body, sent, ends, from, to, twice, changed } = message
  const sender = sent === undefined ? undefined : story.steps[sent]
  const lines: [string, string][] = [
    ['from', [story.nodes[from], actorOf(story, sender)].filter(Boolean).join(' ')],
    ['to', [story.nodes[to], actorOf(story, arrivalOf(story, message))].filter(Boolean).join(' ')],
    ['channel', story.channels[channel] ?? ''],
    ['arguments', body ?? ''],
    ['sent', sender === undefined ? 'before the trace begins' : momentOf(sender)],
    ...ends.map(({ step, lost }): [string, string] => {
      const end = story.steps[step] as Step
      const took = sender === undefined ? '' : `, ${durationText(end.t - sender.t)} later`
      return [lost ? 'lost' : 'delivered', `${momentOf(end)}${took}`]
    }),
  ]
  if (ends.length === 0)
    lines.push(['delivered', 'never: its connection broke, or it is under way'])
  if (twice) lines.push(['fault', 'it arrives more than once'])
  if (changed) lines.push(['fault', 'it left with other contents'])
  const cause = sender?.cause === undefined ? sent : sender.cause
  if (sent !== undefined) lines.push(['because of', whatOf(story, sent)])
  return { heading: id, lines: filled(lines), ...(cause !== undefined && { cause }) }
}

/** A step: what happened there. */
export function describeStep(story: Story, at: number): Description {
  const step = story.steps[at] as Step
  const { node, notes = [], cause } = step
  const lines: [string, string][] = [
    ['at', momentOf(step)],
    ['actor', actorOf(story, step)],
    ...notes.map(({ kind, text }): [string, string] => [NOTED[kind] ?? kind, text]),
    ...story.operations.flatMap((operation): [string, string][] => {
      const { called, returned, text, result, client } = operation
      const who = story.clients[client] ?? ''
      if (called === at) return [['called', `${who} ${text}`]]
      return returned === at ? [['returned', `${who} ${text} → ${result}`]] : []
    }),
    ...story.messages.flatMap((message): [string, string][] => {
      const here = message.ends.find((end) => end.step === at)
      const what = [message.id, message.body].filter(Boolean).join(' ')
      if (here !== undefined) return [[here.lost ? 'lost' : 'delivered', what]]
      return message.sent === at ? [['sent', what]] : []
    }),
  ]
  if (cause !== undefined) lines.push(['because of', whatOf(story, cause)])
  const heading = node === undefined ? 'fault or note' : (story.nodes[node] ?? '')
  return { heading, lines: filled(lines), ...(cause !== undefined && { cause }) }
}

const NOTED: Readonly<Record<string, string>> = {
  start: 'node',
  restart: 'node',
  crash: 'node',
  'end-fault': 'end of fault',
  warning: 'log',
}

/** A step in a line. */
export function whatOf(story: Story, at: number): string {
  const step = story.steps[at] as Step
  const arrived = story.messages.find(({ ends }) =>
    ends.some((end) => end.step === at && !end.lost),
  )
  if (arrived !== undefined) return `delivery of ${arrived.id} (line ${step.first})`
  const called = story.operations.find((operation) => operation.called === at)
  if (called !== undefined)
    return `${story.clients[called.client]} ${called.text} (line ${step.first})`
  const [note] = step.notes ?? []
  const where = step.node === undefined ? '' : `${story.nodes[step.node]} `
  return `${where}${note?.text ?? 'a timer, or what came before'} (line ${step.first})`
}

const momentOf = ({ first, last, t }: Step): string =>
  `line ${first}${last > first ? `–${last}` : ''}, ${timeText(t)} ms`

const actorOf = ({ actors }: Story, step: Step | undefined): string =>
  step?.actor === undefined ? '' : (actors[step.actor]?.name ?? '')

function arrivalOf({ steps }: Story, { ends, to }: Message): Step | undefined {
  const end = ends.find(({ lost }) => !lost)
  const step = end && steps[end.step]
  return step?.node === to ? step : undefined
}

const filled = (lines: readonly [string, string][]): [string, string][] =>
  lines.filter(([, text]) => text !== '')

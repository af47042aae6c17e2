import type { Plain } from '../../simulation/op.js'
import type { Trace, TraceLine } from '../../simulation/trace-line.js'
import { Names } from './names.js'
import { markQuiet } from './quiet.js'
import { SpanReader } from './span-reader.js'
import type { Message, Note, NoteKind, Operation, Step, Story, Tag } from './story.js'
import { bodyText, cut, fitBodies, noteText } from './story-text.js'
import { groupLines, type LineGroup } from './trace-steps.js'

/** What nodes send for themselves, where no actor of the program gets a message by that name. */
const SYSTEM: ReadonlySet<string> = new Set([
  'signal',
  'control',
  'stamp',
  'overlay',
  'broadcast',
  'delivery',
])

type Draft<T> = { -readonly [K in keyof T]: T[K] }
type MessageDraft = Draft<Omit<Message, 'ends'>> & { readonly ends: Message['ends'][number][] }

/** What a trace tells: a pure function, the same for the same trace. */
export function storyOf(trace: Trace): Story {
  return new StoryReader(trace).read()
}

class StoryReader {
  readonly #trace: Trace
  readonly #nodes: Names
  readonly #actors = new Names()
  readonly #clients = new Names()
  readonly #tags = new Names()
  readonly #channels = new Names()
  readonly #logs = new Set<string>()
  readonly #spoken = new Set<string>()
  readonly #steps: Draft<Step>[] = []
  readonly #messages: MessageDraft[] = []
  readonly #operations: Draft<Operation>[] = []
  readonly #spans: SpanReader
  /** By line of the trace: the step it is in, and the message that it sends. */
  readonly #stepOf: number[] = []
  readonly #sentAt = new Map<number, MessageDraft>()
  readonly #open = new Map<string, Draft<Operation>>()
  /** Faults that hit a message before its sending is written down, by label. */
  readonly #early = new Map<string, TraceLine>()

  constructor(trace: Trace) {
    this.#trace = trace
    this.#nodes = new Names(trace.header.nodes)
    this.#spans = new SpanReader((name) => this.#nodes.index(name))
  }

  read(): Story {
    for (const group of groupLines(this.#trace)) this.#step(group)
    const { header, lines, end } = this.#trace
    const steps: Step[] = markQuiet(this.#steps, this.#messages, this.#operations, (tag) => {
      return this.#kindOf(this.#tags.list[tag] ?? '') === 'message'
    })
    const order = this.#actorOrder()
    return {
      name: header.name,
      seed: header.seed,
      world: header.world,
      verdict: end.verdict,
      ...(end.check !== undefined && { check: end.check }),
      ...(end.error !== undefined && { error: end.error }),
      lines: lines.length,
      nodes: this.#nodes.list,
      actors: order.map((at) => this.#actorAt(at)),
      clients: this.#clients.list,
      tags: this.#tags.list.map((name) => ({ name, kind: this.#kindOf(name) })),
      channels: this.#channels.list,
      steps: steps.map((step) =>
        step.actor === undefined ? step : { ...step, actor: order.indexOf(step.actor) },
      ),
      messages: fitBodies(this.#messages),
      operations: this.#operations,
      spans: this.#spans.list,
    }
  }

  #step({ node, lines, choices }: LineGroup): void {
    const [first] = lines as [TraceLine]
    const step: Draft<Step> = {
      first: choices[0]?.i ?? first.i,
      last: (lines.at(-1) as TraceLine).i,
      t: first.t,
    }
    if (node !== undefined) step.node = this.#nodes.index(node)
    const at = this.#steps.push(step) - 1
    const notes: Note[] = choices.map(({ id = '' }) => ({ kind: 'choice', text: cut(id) }))
    for (const line of [...choices, ...lines]) this.#stepOf[line.i] = at
    for (const line of lines) {
      const cause = line.c === undefined ? undefined : this.#stepOf[line.c]
      if (cause !== undefined && cause !== at) step.cause ??= cause
      const note = this.#line(line, at, step)
      if (note !== undefined) notes.push(note)
    }
    if (notes.length > 0) step.notes = notes
  }

  /** @returns what there is to note of it beside messages and operations */
  #line(line: TraceLine, at: number, step: Draft<Step>): Note | undefined {
    const { k, n = '', id = '', d } = line
    switch (k) {
      case 'send':
        this.#send(line, at)
        return undefined
      case 'deliver':
        this.#arrive(line, at, step)
        return undefined
      case 'drop':
      case 'duplicate':
      case 'corrupt':
      case 'replace':
        this.#hit(line, at)
        return undefined
      case 'op.call':
        this.#call(line, at)
        return undefined
      case 'op.ret':
        this.#return(line, at)
        return undefined
      case 'start': {
        const again = Number((d as { readonly restarts?: unknown })?.restarts ?? 0) > 0
        this.#spans.started(n, at)
        return { kind: again ? 'restart' : 'start', text: again ? 'starts again' : 'starts' }
      }
      case 'crash':
        this.#spans.crashed(n, at)
        return { kind: 'crash', text: 'crashes' }
      case 'fault':
      case 'end-fault':
        this.#spans.fault(id, k === 'end-fault', at)
        return { kind: k, text: cut(id) }
      case 'log':
        return this.#log(id, d)
      default:
        return { kind: 'note', text: noteText(id, d) }
    }
  }

  #log(level: string, d: Plain): Note {
    const tag = `log: ${level}`
    this.#logs.add(tag)
    const [message, fields] = Array.isArray(d) ? d : [d]
    const kind: NoteKind = level === 'warn' || level === 'error' ? 'warning' : 'log'
    return { kind, text: noteText(String(message), fields as Plain), tag: this.#tags.index(tag) }
  }

  #send(line: TraceLine, at: number): void {
    const { id = '', ch = '', d } = line
    const message = this.#message(id, ch)
    message.sent = at
    if (d !== undefined) message.body = bodyText(d)
    this.#sentAt.set(line.i, message)
    const early = this.#early.get(id)
    if (early === undefined) return
    this.#early.delete(id)
    if (early.k === 'drop') message.ends.push({ step: at, lost: true })
    else if (early.k === 'duplicate') message.twice = true
    else message.changed = true
  }

  #arrive({ id = '', ch = '', a, c, n = '' }: TraceLine, at: number, step: Draft<Step>): void {
    const sent = c === undefined ? undefined : this.#sentAt.get(c)
    const message = sent ?? this.#message(id, ch)
    if (message.ends.some(({ lost }) => lost !== true)) message.twice = true
    message.ends.push({ step: at })
    if (a === undefined) {
      const asker = this.#asker(message)
      if (asker !== undefined) step.actor ??= asker
      return
    }
    step.actor ??= this.#actors.index(`${n} ${a}`)
    this.#spoken.add(this.#tags.list[message.tag] ?? '')
  }

  /** Whom an answer is for: the actor that sent the question, where the answer was given at once. */
  #asker({ sent, to }: MessageDraft): number | undefined {
    const cause = sent === undefined ? undefined : this.#steps[sent]?.cause
    const asking = cause === undefined ? undefined : this.#steps[cause]
    return asking?.node === to ? asking.actor : undefined
  }

  /** A ruling stands before the sending, or at the other end in place of the delivery. */
  #hit(line: TraceLine, at: number): void {
    const message = line.c === undefined ? undefined : this.#sentAt.get(line.c)
    if (message === undefined) {
      const { from, to } = partsOf(line.id ?? '')
      if (line.n === from) this.#early.set(line.id ?? '', line)
      else if (to !== '' && line.k === 'drop') {
        const sent = this.#lastSent(line.id ?? '') ?? this.#message(line.id ?? '', '')
        sent.ends.push({ step: at, lost: true })
      }
    } else if (line.k === 'drop') message.ends.push({ step: at, lost: true })
    else if (line.k === 'duplicate') message.twice = true
    else message.changed = true
  }

  #lastSent(id: string): MessageDraft | undefined {
    return this.#messages.findLast((one) => one.id === id && one.ends.length === 0)
  }

  #message(id: string, channel: string): MessageDraft {
    const { from, to, name } = partsOf(id)
    const message: MessageDraft = {
      id,
      from: this.#nodes.index(from),
      to: this.#nodes.index(to),
      tag: this.#tags.index(name),
      channel: this.#channels.index(channel),
      ends: [],
    }
    this.#messages.push(message)
    return message
  }

  #call({ id = '', n = '', d }: TraceLine, at: number): void {
    const [client = '', index] = id.split('#')
    const [name, ...args] = Array.isArray(d) ? (d as Plain[]) : [d]
    const operation: Draft<Operation> = {
      client: this.#clients.index(client),
      node: this.#nodes.index(n),
      text: cut([String(name), ...args.map((arg) => JSON.stringify(arg))].join(' ')),
      result: 'open',
      status: 'open',
      called: at,
    }
    if (index !== undefined && Number(index) === this.#trace.end.op) operation.failing = true
    this.#operations.push(operation)
    this.#open.set(id, operation)
  }

  #return({ id = '', d }: TraceLine, at: number): void {
    const operation = this.#open.get(id)
    if (operation === undefined) return
    const { status, value, code } = (d ?? {}) as Readonly<Record<string, Plain>>
    operation.returned = at
    operation.status = status === 'ok' || status === 'fail' ? status : 'info'
    operation.result = cut(
      status !== 'ok' ? String(code) : value === undefined ? 'OK' : JSON.stringify(value),
    )
  }

  #kindOf(name: string): Tag['kind'] {
    if (this.#logs.has(name)) return 'log'
    return SYSTEM.has(name) && !this.#spoken.has(name) ? 'system' : 'message'
  }

  #actorAt(at: number): { readonly node: number; readonly name: string } {
    const [node = '', ...name] = (this.#actors.list[at] as string).split(' ')
    return { node: this.#nodes.index(node), name: name.join(' ') }
  }

  /** Actors by node, each node's in the order in which they are met. */
  #actorOrder(): number[] {
    const order = this.#actors.list.map((_, at) => at)
    return order.sort((a, b) => this.#actorAt(a).node - this.#actorAt(b).node || a - b)
  }
}

/** The parts of a message's label. */
function partsOf(id: string): {
  readonly from: string
  readonly to: string
  readonly name: string
} {
  const [, from = '', to = '', name = ''] = /^([^>]*)>([^:]*):(.*?)(?:#\d+)?$/s.exec(id) ?? []
  return { from, to, name }
}

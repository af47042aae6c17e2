import type { Fault } from '../../fault/fault.js'
import { parseFault } from '../../fault/fault-text.js'
import type { Span } from './story.js'

type SpanDraft = { -readonly [K in keyof Span]: Span[K] }

/** Follows what lasts through a trace: partitions, down time, pauses and other faults. */
export class SpanReader {
  readonly list: SpanDraft[] = []
  readonly #node: (name: string) => number

  constructor(node: (name: string) => number) {
    this.#node = node
  }

  crashed(node: string, at: number): void {
    this.#end((span) => span.kind === 'pause' && this.#isOf(span, node), at)
    this.list.push({ kind: 'down', from: at, text: `${node} is down`, nodes: [this.#node(node)] })
  }

  started(node: string, at: number): void {
    this.#end((span) => span.kind === 'down' && this.#isOf(span, node), at)
  }

  /** A fault as a trace has it; `ends`: that one, which has lasted until now. */
  fault(text: string, ends: boolean, at: number): void {
    const fault = faultOf(text)
    if (ends && fault?.verb !== 'resolve_all') {
      this.#end((span) => span.text === plain(text), at)
      return
    }
    if (fault === undefined) return
    switch (fault.verb) {
      case 'crash':
      case 'restart':
      case 'connection':
      case 'omit':
        return
      case 'heal':
        this.#end(({ kind }) => kind === 'partition', at)
        return
      case 'resolve_all':
        this.#end(({ kind }) => kind !== 'down', at)
        return
      case 'resume':
        this.#end((span) => span.kind === 'pause' && this.#isOf(span, fault.node), at)
        return
      case 'pause':
        this.#begin('pause', at, text, [fault.node])
        return
      case 'partition':
        this.list.push({
          kind: 'partition',
          from: at,
          text: plain(text),
          nodes: fault.groups.flat().map(this.#node),
          groups: fault.groups.flatMap((group, index) => group.map(() => index)),
        })
        return
      default:
        if (lasts(fault)) this.#begin('fault', at, text, namesIn(fault))
    }
  }

  #begin(kind: Span['kind'], at: number, text: string, names: readonly string[]): void {
    this.list.push({ kind, from: at, text: plain(text), nodes: names.map(this.#node) })
  }

  #end(which: (span: Span) => boolean, at: number): void {
    for (const span of this.list) if (span.to === undefined && which(span)) span.to = at
  }

  #isOf(span: Span, node: string): boolean {
    return span.nodes[0] === this.#node(node)
  }
}

const plain = (text: string): string => text.replace(/^fault /, '')

/** Undefined where it is no fault that this version knows. */
function faultOf(text: string): Fault | undefined {
  try {
    return parseFault(text)
  } catch {
    return undefined
  }
}

function lasts(fault: Fault): boolean {
  if (fault.verb === 'duplicate') return !('name' in fault.what && fault.what.ordinal !== undefined)
  return !(fault.verb === 'clock' && fault.how === 'jump')
}

/** Nodes that a fault names, without `*`. */
function namesIn(fault: Fault): string[] {
  const fields = fault as unknown as Readonly<Record<string, unknown>>
  const all = { ...fields, ...(typeof fields['what'] === 'object' ? fields['what'] : {}) }
  const own = ['node', 'peer', 'from', 'to'].map((field) => all[field as keyof typeof all])
  return own.filter((name): name is string => typeof name === 'string' && name !== '*')
}

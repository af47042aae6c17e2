import type { Relatives } from '../causality.js'
import { drawnBody, drawnHead, HEAD_HEIGHT } from '../drawing.js'
import type { Layout } from '../layout.js'
import { ROW } from '../rows.js'
import type { Story } from '../story.js'
import { element } from './document.js'

/** What stands in the middle of a highlight. */
export interface Centre {
  readonly step: number
  readonly message?: number
  /** Where the message is lost. */
  readonly ends: readonly number[]
}

/** The drawing in the page: drawn anew when its layout changes, else only marked. */
export class Drawn {
  readonly #story: Story
  readonly #drawing = element<SVGSVGElement>('drawing')
  readonly #head = element<SVGSVGElement>('head')
  readonly #pane = element('pane')
  readonly #cursor = rectangle('cursor')
  readonly #veil = rectangle('veil')
  #layout: Layout | undefined

  constructor(story: Story) {
    this.#story = story
  }

  draw(layout: Layout): void {
    this.#layout = layout
    const { width, height } = layout
    size(this.#head, width, HEAD_HEIGHT)
    size(this.#drawing, width, height)
    // All text of the trace in it is escaped.
    this.#head.innerHTML = drawnHead(layout)
    this.#drawing.innerHTML = drawnBody(this.#story, layout)
    this.#drawing.prepend(this.#cursor)
    this.#drawing.append(this.#veil)
  }

  /** Covers what comes after a line of the trace. */
  coverAfter(line: number): void {
    const { layout } = this
    const first = this.#story.steps.findIndex((step) => step.first > line)
    const row = first === -1 ? undefined : layout.rows.find(({ step }) => step >= first)
    const top = row === undefined ? layout.height : row.y - ROW / 2
    this.#veil.setAttribute('y', `${top}`)
    this.#veil.setAttribute('height', `${Math.max(0, layout.height - top)}`)
  }

  /** The row that keys move from. */
  moveCursor(step: number | undefined): void {
    this.#cursor.setAttribute('height', step === undefined ? '0' : `${ROW}`)
    if (step !== undefined) this.#cursor.setAttribute('y', `${this.yOf(step) - ROW / 2}`)
  }

  /** Where it is out of sight. */
  reveal(step: number): void {
    const y = this.yOf(step)
    const pane = this.#pane
    const top = pane.scrollTop
    const seen = pane.clientHeight - HEAD_HEIGHT
    if (y < top + ROW || y > top + seen - ROW) pane.scrollTop = y - seen / 2
  }

  /** Steps and messages by their relation to the centre; none: as they are. */
  mark(centre: Centre | undefined, relatives: Relatives | undefined): void {
    this.#drawing.classList.toggle('picked', centre !== undefined)
    for (const one of this.#drawing.querySelectorAll<SVGElement>('[data-step]')) {
      markOne(one, centre && relatives && relation(Number(one.dataset['step']), centre, relatives))
    }
    for (const one of this.#drawing.querySelectorAll<SVGElement>('[data-message]')) {
      const at = Number(one.dataset['message'])
      markOne(one, centre && relatives && this.#ofMessage(at, centre, relatives))
    }
    for (const one of this.#drawing.querySelectorAll<SVGElement>('[data-operation]')) {
      const { called } = this.#story.operations[Number(one.dataset['operation'])] ?? { called: -1 }
      markOne(one, centre && relatives && relation(called, centre, relatives))
    }
  }

  #ofMessage(at: number, centre: Centre, relatives: Relatives): string[] {
    if (at === centre.message) return ['self']
    const { sent, ends } = this.#story.messages[at] ?? { sent: undefined, ends: [] }
    if (sent === undefined) return []
    const { past, future, named } = relatives
    const inPast = (step: number): boolean => past.has(step) || step === centre.step
    const inFuture = (step: number): boolean => future.has(step) || step === centre.step
    const arrived = ends.filter(({ lost }) => !lost).map(({ step }) => step)
    const isNamed = arrived.some((step) => named.has(step) || named.has(sent)) ? ['named'] : []
    if (past.has(sent) && arrived.some(inPast)) return ['past', ...isNamed]
    return inFuture(sent)
      ? ['future', ...(named.has(sent) || sent === centre.step ? ['named'] : [])]
      : []
  }

  /** Where a step stands. */
  yOf(step: number): number {
    return this.layout.stepY[step] ?? 0
  }

  get layout(): Layout {
    if (this.#layout === undefined) throw new Error('nothing is drawn yet')
    return this.#layout
  }
}

function relation(step: number, centre: Centre, { past, future }: Relatives): string[] {
  if (step === centre.step || centre.ends.includes(step)) return ['self']
  if (past.has(step)) return ['past']
  return future.has(step) ? ['future'] : []
}

const MARKS = ['self', 'past', 'future', 'named']

function markOne(one: SVGElement, marks: readonly string[] = []): void {
  for (const mark of MARKS) one.classList.toggle(mark, marks.includes(mark))
}

function rectangle(className: string): SVGRectElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', 'rect')
  made.setAttribute('class', className)
  made.setAttribute('width', '100%')
  made.setAttribute('height', '0')
  return made
}

function size(svg: SVGSVGElement, width: number, height: number): void {
  svg.setAttribute('width', `${width}`)
  svg.setAttribute('height', `${height}`)
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`)
}

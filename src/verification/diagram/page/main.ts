import { Causality } from '../causality.js'
import { type Description, describeMessage, describeStep } from '../description.js'
import { verdictText } from '../drawing.js'
import { layoutOf } from '../layout.js'
import type { Story } from '../story.js'
import { type Target, targetAt } from '../target.js'
import { firstView, type View } from '../view.js'
import { Card, Tip } from './card.js'
import { element, made } from './document.js'
import { Drawn } from './drawn.js'
import { fillFilters } from './filters.js'
import { troubleOf } from './trouble.js'

/** Letters mean the same everywhere; other keys belong to what has the focus, if it has a use for them. */
const takenBy = (key: string): string =>
  key.length === 1 ? 'textarea' : key === 'Enter' ? 'button,input,summary' : 'input'

/** The page of a diagram: what people do with it, and what it shows then. */
class Page {
  readonly #story: Story
  readonly #causality: Causality
  readonly #drawn: Drawn
  readonly #card: Card
  readonly #tip = new Tip()
  readonly #pane = element('pane')
  readonly #until = element<HTMLInputElement>('until')
  readonly #narrow = matchMedia('(max-width: 600px)')
  #view: View
  /** The row that keys move from, and what is said of it. */
  #cursor: number | undefined
  #picked: Exclude<Target, { kind: 'fold' }> | undefined

  constructor(story: Story) {
    this.#story = story
    this.#causality = new Causality(story)
    this.#drawn = new Drawn(story)
    this.#view = { ...firstView(story), narrow: this.#narrow.matches }
    this.#card = new Card({ close: () => this.#clear(), cause: () => this.#toCause() })
    this.#entitle()
    this.#draw()
    this.#listen()
  }

  #entitle(): void {
    const { name, seed, world, verdict, lines } = this.#story
    const where = world === 'real' ? 'real nodes' : `seed ${seed}`
    element('name').replaceChildren(`${name} `, made('small', where))
    const said = element('verdict')
    said.textContent =
      this.#story.error === undefined ? verdictText(this.#story) : `✗ ${this.#story.error}`
    said.className = verdict === 'fail' ? 'bad' : verdict === 'ok' ? 'good' : 'undecided'
    this.#until.max = String(lines - 1)
    this.#until.value = this.#until.max
    fillFilters(this.#story, this.#view, (hidden) => this.#look({ ...this.#view, ...hidden }))
  }

  #draw(): void {
    this.#drawn.draw(layoutOf(this.#story, this.#view))
    this.#stepTo(Number(this.#until.value))
    this.#drawn.moveCursor(this.#cursor)
    this.#mark()
  }

  /** Another view: what is in the middle of the window stays there. */
  #look(view: View): void {
    const middle = this.#pane.scrollTop + this.#pane.clientHeight / 2
    const { rows } = this.#drawn.layout
    const kept = rows.find(({ y }) => y >= middle)?.step
    this.#view = view
    this.#draw()
    if (kept !== undefined && this.#pane.scrollTop > 0) {
      this.#pane.scrollTop = this.#drawn.yOf(kept) - this.#pane.clientHeight / 2
    }
    element('lanes').setAttribute('aria-pressed', String(view.lanes === 'actors'))
    element('folds').setAttribute('aria-pressed', String(!view.folds))
  }

  #listen(): void {
    const drawing = element<SVGSVGElement>('drawing')
    drawing.addEventListener('pointermove', (event) => this.#hover(event))
    drawing.addEventListener('pointerleave', () => this.#tip.hide())
    drawing.addEventListener('click', (event) => this.#click(event))
    this.#pane.addEventListener('scroll', () => this.#tip.hide())
    this.#until.addEventListener('input', () => this.#stepTo(Number(this.#until.value), true))
    element('lanes').addEventListener('click', () => this.#toggleLanes())
    element('folds').addEventListener('click', () => this.#toggleFolds())
    element('next').addEventListener('click', () => this.#toTrouble(1))
    element('previous').addEventListener('click', () => this.#toTrouble(-1))
    this.#narrow.addEventListener('change', ({ matches }) => {
      this.#look({ ...this.#view, narrow: matches })
    })
    document.addEventListener('keydown', (event) => this.#key(event))
  }

  /** The last line that is shown, as `--until` of a replay has it. */
  #stepTo(line: number, reveals = false): void {
    const last = Number(this.#until.max)
    element('at').textContent =
      line >= last ? `all ${last + 1} lines` : `line ${line} (--until ${line})`
    this.#drawn.coverAfter(line)
    const step = this.#story.steps.findLastIndex(({ first }) => first <= line)
    if (reveals && step >= 0) this.#drawn.reveal(step)
  }

  #targetOf(event: MouseEvent): Target | undefined {
    const { left, top } = element('drawing').getBoundingClientRect()
    return targetAt(this.#drawn.layout, event.clientX - left, event.clientY - top)
  }

  #hover(event: PointerEvent): void {
    if (event.pointerType === 'touch') return
    const target = this.#targetOf(event)
    element('drawing').style.cursor = target === undefined ? '' : 'pointer'
    if (target === undefined || target.kind === 'fold') this.#tip.hide()
    else this.#tip.show(this.#describe(target), event.clientX, event.clientY)
  }

  #click(event: MouseEvent): void {
    this.#tip.hide()
    const target = this.#targetOf(event)
    if (target === undefined) this.#clear()
    else if (target.kind === 'fold') this.#unfold(target.at)
    else this.#pick(target)
  }

  #pick(target: Exclude<Target, { kind: 'fold' }>): void {
    this.#picked = target
    this.#cursor = this.#stepOf(target)
    this.#drawn.moveCursor(this.#cursor)
    this.#card.show(this.#describe(target))
    this.#mark()
  }

  #clear(): void {
    this.#picked = undefined
    this.#cursor = undefined
    this.#drawn.moveCursor(undefined)
    this.#card.hide()
    this.#tip.hide()
    this.#mark()
  }

  #mark(): void {
    const { kind, at = 0 } = this.#picked ?? {}
    if (this.#picked === undefined) {
      this.#drawn.mark(undefined, undefined)
      return
    }
    const step = this.#stepOf(this.#picked)
    const lost = (kind === 'message' ? (this.#story.messages[at]?.ends ?? []) : []).filter(
      (end) => end.lost,
    )
    const ends = lost.map((end) => end.step)
    const centre = kind === 'message' ? { step, message: at, ends } : { step, ends }
    this.#drawn.mark(centre, this.#causality.relativesOf(step))
  }

  /** Of a message the step that sent it, of an operation that of its call. */
  #stepOf({ kind, at }: Exclude<Target, { kind: 'fold' }>): number {
    if (kind === 'step') return at
    if (kind === 'operation') return this.#story.operations[at]?.called ?? 0
    const message = this.#story.messages[at]
    return message?.sent ?? message?.ends[0]?.step ?? 0
  }

  #describe(target: Exclude<Target, { kind: 'fold' }>): Description {
    if (target.kind === 'message') return describeMessage(this.#story, target.at)
    return describeStep(this.#story, this.#stepOf(target))
  }

  #toCause(): void {
    const picked = this.#picked
    const at = picked === undefined ? this.#cursor : undefined
    const cause = picked
      ? this.#describe(picked).cause
      : at !== undefined && describeStep(this.#story, at).cause
    if (typeof cause === 'number') this.#goTo(cause)
  }

  /** Puts the cursor on a step, and keeps the highlight where there is one. */
  #goTo(step: number): void {
    const fold = this.#drawn.layout.rows.find(
      (row) => row.fold !== undefined && row.step <= step && step <= row.fold.last,
    )
    if (fold !== undefined) this.#unfold(fold.step)
    this.#cursor = step
    this.#drawn.moveCursor(step)
    this.#drawn.reveal(step)
    this.#card.show(describeStep(this.#story, step))
    if (this.#picked !== undefined) this.#pick({ kind: 'step', at: step })
  }

  /** Rows up or down from the cursor; onto a fold, too. */
  #move(by: number): void {
    const { rows } = this.#drawn.layout
    const here = this.#cursor ?? -1
    const at = rows.findLastIndex(({ step }) => step <= here)
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))]
    if (next === undefined) return
    if (next.fold === undefined) {
      this.#goTo(next.step)
      return
    }
    this.#cursor = next.step
    this.#drawn.moveCursor(next.step)
    this.#drawn.reveal(next.step)
    this.#card.show({ heading: `${next.fold.count} quiet steps`, lines: [['Enter', 'shows them']] })
  }

  #toTrouble(direction: 1 | -1): void {
    const here = this.#cursor ?? (direction === 1 ? -1 : this.#story.steps.length)
    const next = troubleOf(this.#story, here, direction)
    if (next !== undefined) this.#goTo(next)
  }

  #enter(): void {
    const at = this.#cursor
    if (at === undefined) return
    const row = this.#drawn.layout.rows.find(({ step }) => step === at)
    if (row?.fold !== undefined) this.#unfold(at)
    else if (this.#picked === undefined) this.#pick({ kind: 'step', at })
    else {
      this.#picked = undefined
      this.#mark()
    }
  }

  #unfold(step: number): void {
    this.#look({ ...this.#view, unfolded: new Set([...this.#view.unfolded, step]) })
  }

  #toggleLanes(): void {
    this.#look({ ...this.#view, lanes: this.#view.lanes === 'nodes' ? 'actors' : 'nodes' })
  }

  #toggleFolds(): void {
    this.#look({ ...this.#view, folds: !this.#view.folds, unfolded: new Set() })
  }

  #key(event: KeyboardEvent): void {
    const { target, key } = event
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (key === 'Escape') {
      for (const open of document.querySelectorAll('details[open]')) open.removeAttribute('open')
      this.#clear()
      return
    }
    if (target instanceof HTMLElement && target.closest(takenBy(key)) !== null) return
    const run = this.#keys[key]
    if (run === undefined) return
    event.preventDefault()
    run()
  }

  readonly #keys: Readonly<Record<string, () => void>> = {
    ArrowDown: () => this.#move(1),
    ArrowUp: () => this.#move(-1),
    PageDown: () => this.#move(15),
    PageUp: () => this.#move(-15),
    Home: () => this.#move(Number.NEGATIVE_INFINITY),
    End: () => this.#move(Number.POSITIVE_INFINITY),
    ArrowLeft: () => this.#toCause(),
    ArrowRight: () => this.#toEffect(),
    Enter: () => this.#enter(),
    n: () => this.#toTrouble(1),
    p: () => this.#toTrouble(-1),
    a: () => this.#toggleLanes(),
    u: () => this.#toggleFolds(),
  }

  #toEffect(): void {
    const [effect] = this.#cursor === undefined ? [] : this.#causality.effectsOf(this.#cursor)
    if (effect !== undefined) this.#goTo(effect)
  }
}

new Page(JSON.parse(element('story').textContent ?? '') as Story)

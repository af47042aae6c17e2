import type { Description } from '../description.js'
import { element, made } from './document.js'

/** Says what a description says, in place of what was said before. */
function say(where: HTMLElement, { heading, lines }: Description): void {
  const list = made('dl')
  for (const [name, text] of lines) list.append(made('dt', name), made('dd', text))
  where.replaceChildren(made('p', heading, 'said-head'), list)
}

/** What is said of what was picked, at the edge of the window. */
export class Card {
  readonly #card = element('card')
  readonly #said = element('said')
  readonly #cause = element<HTMLButtonElement>('cause')

  constructor(events: { close(): void; cause(): void }) {
    element('close').addEventListener('click', events.close)
    this.#cause.addEventListener('click', events.cause)
  }

  show(description: Description): void {
    say(this.#said, description)
    this.#cause.hidden = description.cause === undefined
    this.#card.hidden = false
  }

  hide(): void {
    this.#card.hidden = true
  }
}

/** What is said of what the pointer is on, beside it. */
export class Tip {
  readonly #tip = element('tip')

  show(description: Description, x: number, y: number): void {
    say(this.#tip, description)
    this.#tip.hidden = false
    const { width, height } = this.#tip.getBoundingClientRect()
    const left = x + 18 + width > innerWidth ? x - width - 12 : x + 18
    const top = y + 14 + height > innerHeight ? y - height - 10 : y + 14
    this.#tip.style.left = `${Math.max(4, left)}px`
    this.#tip.style.top = `${Math.max(4, top)}px`
  }

  hide(): void {
    this.#tip.hidden = true
  }
}

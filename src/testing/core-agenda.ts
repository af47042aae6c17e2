import { Heap } from '../base/heap.js'

interface Due {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Virtual time: what is due at one moment runs in the order it was put in. */
export class CoreAgenda {
  nowMs = 0
  readonly #due = new Heap<Due>((a, b) => (a.at === b.at ? a.order < b.order : a.at < b.at))
  #order = 0

  after(delayMs: number, run: () => void): void {
    this.#due.push({ at: this.nowMs + delayMs, order: ++this.#order, run })
  }

  run(ms: number): void {
    const end = this.nowMs + ms
    for (let due = this.#due.peek(); due !== undefined && due.at <= end; due = this.#due.peek()) {
      this.#due.pop()
      this.nowMs = due.at
      due.run()
    }
    this.nowMs = end
  }
}

import { Actor, actor } from 'troupe'

@actor('support/counter')
export class Counter extends Actor<{ start: number }> {
  #total = this.args.start

  add(by: number): void {
    this.#total += by
  }

  value(): number {
    return this.#total
  }
}

import { assert } from 'chai'
import type { Note } from './lossy-network.js'

/**
 * Knows what happened before what, from the trace alone: the past of a node is the set of messages
 * that were sent or handed over there, with their pasts. Slow and plain, as the judge of clocks.
 */
export class CausalOracle {
  /** By node and label. */
  readonly #pasts = new Map<string, Set<Note>>()
  readonly #before = new Map<Note, ReadonlySet<Note>>()
  readonly #done = new Set<Note>()
  readonly #forgiven = new Set<string>()
  checks = 0

  sent(note: Note): void {
    const past = this.#past(note.from, note)
    this.#before.set(note, new Set(past))
    past.add(note)
  }

  /** It was not taken after all. */
  refused(note: Note): void {
    this.#past(note.from, note).delete(note)
  }

  /** `at` gave up waiting for messages of that node. */
  forgive(at: string, sender: string): void {
    this.#forgiven.add(`${sender}>${at}`)
  }

  delivered(note: Note): void {
    const before = this.#before.get(note) as ReadonlySet<Note>
    const past = this.#past(note.to, note)
    for (const earlier of before) {
      past.add(earlier)
      if (earlier.to !== note.to || this.#forgiven.has(`${earlier.from}>${note.to}`)) continue
      this.checks++
      const { serial, from, to } = earlier
      assert.isTrue(
        this.#done.has(earlier),
        `message ${serial} from ${from} to ${to} happened before ${note.serial} from ${note.from}`,
      )
    }
    this.#done.add(note)
    past.add(note)
  }

  #past(node: string, of: Note): Set<Note> {
    const name = `${node}/${of.plan.label}`
    let past = this.#pasts.get(name)
    if (past === undefined) {
      past = new Set()
      this.#pasts.set(name, past)
    }
    return past
  }
}

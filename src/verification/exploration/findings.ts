import { type Finding, findingSize } from './run-note.js'

/** Failing runs, one of each signature: the smallest that was seen. */
export class Findings {
  readonly #best = new Map<string, Finding>()

  /** True: this is the smallest of its signature so far. */
  offer(finding: Finding): boolean {
    const best = this.#best.get(finding.signature)
    if (best !== undefined && findingSize(best) <= findingSize(finding)) return false
    this.#best.set(finding.signature, finding)
    return true
  }

  /** Another form of a finding, whatever its size. */
  put(finding: Finding): void {
    this.#best.set(finding.signature, finding)
  }

  /** In the order in which their signatures were first seen. */
  get all(): Finding[] {
    return [...this.#best.values()]
  }
}

import { TroupeError } from '../base/errors.js'
import type { Fault } from '../fault/fault.js'
import { printFault } from '../fault/fault-text.js'
import type { Counterexample, CxLine } from './cx-line.js'
import { nodesOf, type Scenario } from './scenario.js'
import { lasts, nodesIn } from './sim-faults.js'

/** What a line asks for and the scenario has not. */
interface Wrong {
  /** The word that is wrong. */
  readonly word: string
  readonly expected: string
}

/**
 * Refuses lines that the scenario cannot follow: unknown nodes, operations and faults of a user's own,
 * and the end of a fault that is not at work then.
 *
 * @throws TroupeError ERR_BAD_COUNTEREXAMPLE with file, line, column and what was expected
 */
export function checkLines(
  { lines }: Counterexample,
  scenario: Scenario,
  text: string,
  file: string,
): void {
  const rows = text.split('\n')
  const checker = new Checker(scenario)
  for (const { at, line } of lines) {
    const wrong = checker.wrongIn(line)
    if (wrong === undefined) continue
    const column = columnOf(rows[at - 1] ?? '', wrong.word, line)
    const detail = `expected ${wrong.expected}, got ${JSON.stringify(wrong.word)}`
    throw new TroupeError('ERR_BAD_COUNTEREXAMPLE', `${file}:${at}:${column}: ${detail}`, {
      data: { file, line: at, column },
    })
  }
}

class Checker {
  #nodes: readonly string[]
  readonly #operations: readonly string[]
  readonly #userFaults: readonly string[]
  /** The faults that last, so far. */
  readonly #active = new Set<string>()

  constructor(scenario: Scenario) {
    this.#nodes = nodesOf(scenario)
    this.#operations = Object.keys(scenario.operations ?? {})
    this.#userFaults = Object.keys(scenario.userFaults ?? {})
  }

  wrongIn(line: CxLine): Wrong | undefined {
    switch (line.type) {
      case 'op':
        return this.#node(line.node) ?? this.#operation(line.name)
      case 'join':
        return this.#node(line.node) ?? this.#node(line.contact)
      case 'leave':
        return this.#node(line.node)
      case 'fault':
        return (
          this.#fault(line.fault) ?? (line.ends ? this.#end(line.fault) : this.#begin(line.fault))
        )
      case 'nodes':
        return this.#only(line.names)
      case 'wait':
        return undefined
    }
  }

  #node(word: string): Wrong | undefined {
    if (this.#nodes.includes(word)) return undefined
    return { word, expected: `a node of the scenario (${this.#nodes.join(', ')})` }
  }

  #only(names: readonly string[]): Wrong | undefined {
    const unknown = names.find((name) => !this.#nodes.includes(name))
    if (unknown !== undefined) return this.#node(unknown)
    this.#nodes = names
    return undefined
  }

  #operation(word: string): Wrong | undefined {
    if (this.#operations.includes(word)) return undefined
    const known = this.#operations.join(', ') || 'it has none'
    return { word, expected: `an operation of the scenario (${known})` }
  }

  #fault(fault: Fault): Wrong | undefined {
    for (const name of nodesIn(fault)) {
      const wrong = this.#node(name)
      if (wrong !== undefined) return wrong
    }
    if (fault.verb !== 'user' || this.#userFaults.includes(fault.name)) return undefined
    const known = this.#userFaults.join(', ') || 'it has none'
    return { word: fault.name, expected: `a user fault of the scenario (${known})` }
  }

  #begin(fault: Fault): undefined {
    if (fault.verb === 'resolve_all') this.#active.clear()
    else if (fault.verb === 'heal') {
      for (const text of this.#active)
        if (text.startsWith('fault partition')) this.#active.delete(text)
    } else if (lasts(fault)) this.#active.add(printFault(fault))
    return undefined
  }

  #end(fault: Fault): Wrong | undefined {
    if (this.#active.delete(printFault(fault))) return undefined
    const active = [...this.#active].map((text) => text.replace(/^fault/, 'end')).join(', ')
    return { word: 'end', expected: `the end of a fault that is at work (${active || 'none is'})` }
  }
}

/** Where a word stands in its line, from 1; an operation behind its node. */
function columnOf(row: string, word: string, line: CxLine): number {
  const from =
    line.type === 'op' && word !== line.node ? row.indexOf(line.node) + line.node.length : 0
  const quoted = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const found = row.slice(from).search(new RegExp(`(?<![\\w.-])${quoted}(?![\\w.-])`))
  return Math.max(0, found) + from + 1
}

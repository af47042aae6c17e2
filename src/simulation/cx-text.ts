import { parseFault, printFault } from '../fault/fault-text.js'
import type { CxLine, CxResult } from './cx-line.js'
import { CxReader, printResult, printValue } from './cx-value.js'

/** A line that has a result, without it. */
type Event =
  | Omit<Extract<CxLine, { type: 'op' }>, 'result'>
  | Omit<Extract<CxLine, { type: 'join' }>, 'result'>
  | Omit<Extract<CxLine, { type: 'leave' }>, 'result'>

export function printEvent(event: Event): string {
  switch (event.type) {
    case 'op':
      return [event.node, event.name, ...event.args.map(printValue)].join(' ')
    case 'join':
      return `join ${event.node} ${event.contact}`
    case 'leave':
      return `leave ${event.node}`
  }
}

export function printLine(line: CxLine): string {
  switch (line.type) {
    case 'nodes':
      return `nodes ${line.names.join(' ')}`
    case 'op':
    case 'join':
    case 'leave':
      return `${printEvent(line)} : ${printResult(line.result)}`
    case 'fault': {
      const text = printFault(line.fault)
      return line.ends ? text.replace(/^fault/, 'end') : text
    }
    case 'wait':
      return `wait ${line.ms}`
  }
}

/** @throws CxSyntax, or TroupeError ERR_BAD_FAULT with its place in that file */
export function parseLine(row: string, file: string, at: number): CxLine {
  const reader = new CxReader(row)
  const first = reader.word('a node, join, leave, nodes, fault, end or wait')
  switch (first) {
    case 'fault':
    case 'end': {
      const column = row.indexOf(first) + first.length + 1
      const text = row.slice(column - 1)
      const fault = parseFault(text, { file, line: at, column })
      return { type: 'fault', fault, ends: first === 'end' }
    }
    case 'nodes': {
      const names: string[] = []
      while (names.length === 0 || !reader.done) names.push(reader.name('a node'))
      return { type: 'nodes', names }
    }
    case 'wait': {
      const ms = reader.value('a number of milliseconds')
      if (typeof ms !== 'number' || !(ms >= 0)) throw reader.fail('a number of milliseconds')
      reader.end()
      return { type: 'wait', ms }
    }
    case 'join': {
      const node = reader.name('a node')
      const contact = reader.name('the node to join')
      return { type: 'join', node, contact, result: ending(reader) }
    }
    case 'leave':
      return { type: 'leave', node: reader.name('a node'), result: ending(reader) }
    default: {
      const name = reader.name('an operation')
      const args = []
      while (!/^:(\s|$)/.test(reader.rest)) args.push(reader.value("a value or ':' and a result"))
      return { type: 'op', node: first, name, args, result: ending(reader) }
    }
  }
}

function ending(reader: CxReader): CxResult {
  reader.expect(':')
  const result = reader.result()
  reader.end()
  return result
}

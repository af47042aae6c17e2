import type { Plain } from '../../../src/simulation/index.js'
import type { AnyModel, History } from '../../../src/verification/index.js'
import { HistoryBuilder } from '../../../src/verification/index.js'

const WORDS: Readonly<Record<string, string>> = {
  w: 'write',
  r: 'read',
  enq: 'enqueue',
  deq: 'dequeue',
}

const plainOf = (text: string | undefined): Plain =>
  text === undefined ? undefined : (JSON.parse(text) as Plain)

/**
 * A history in short: `a w x 1` and `b r x 1` are operations that are done at once, `a: w x 1` a call, `a= 1` its
 * return, `a!` one that fails, `a?` one of which nobody knows. `null` is what is there at first.
 */
export function told(model: AnyModel, text: string): History {
  const builder = new HistoryBuilder(model)
  const open = new Map<string, number>()
  for (const part of text.split(/[;\n]/)) {
    const words = part.trim().split(/\s+/)
    const [who = ''] = words
    if (who === '') continue
    const process = who.replace(/[:=!?]$/, '')
    const call = (): number => {
      const [, f = '', key, value] = words
      const name = WORDS[f] ?? f
      const takes = model.operations[name]?.takes !== 'nothing'
      return builder.invoke(process, name, key, takes ? plainOf(value) : undefined)
    }
    const back = open.get(process) as number
    if (who.endsWith(':')) open.set(process, call())
    else if (who.endsWith('=')) builder.return(back, 'ok', plainOf(words[1]))
    else if (who.endsWith('!')) builder.return(back, 'fail', undefined)
    else if (who.endsWith('?')) builder.return(back, 'info', undefined)
    else {
      const [, f = '', , value] = words
      const gives = model.operations[WORDS[f] ?? f]?.takes === 'nothing'
      builder.return(call(), 'ok', gives ? plainOf(value) : undefined)
    }
  }
  return builder.build()
}

import { BYZANTINE, type Fault, type FaultArgument } from './fault.js'
import type { TextPosition } from './fault-error.js'
import { FaultLexer } from './fault-lexer.js'
import { args, type Fields, faultName } from './fault-part.js'
import { isVerb, partsOf, VERBS } from './fault-shape.js'

/**
 * A fault from its text. The word `fault` in front may be left out, and so may what stands in brackets:
 *
 *     fault partition { n1 } { n2 n3 } [oneway]    fault heal
 *     fault crash n2 [after n1>n2:add#2] [lose-unsynced]
 *     fault restart n2 [lose-unsynced]             fault pause n2        fault resume n2
 *     fault egress_delay n2 n1 [100ms]             fault ingress_delay n2 n1 [100ms]
 *     fault omit n1>n3:commit#1                    fault omit_all n3 [100%]
 *     fault omit_send n1 n3 [100%]                 fault omit_receive n3 n1 [100%]
 *     fault duplicate n1>n2:add#2                  fault duplicate n1 n2 [100%]
 *     fault reorder n1 n2 [10ms]                   fault connection n1 n2 reset
 *     fault byzantine n2 bitflip|corrupt [wire|store] [100%]
 *     fault byzantine n2 stale [100%]
 *     fault clock n2 offset +500ms                 fault clock n2 drift 200ppm
 *     fault clock n2 jump -3s                      fault store n2 slow|fail|torn|full
 *     fault user name argument…                    fault byzantine n2 name argument…
 *     fault resolve_all
 *
 * `*` stands for every other node. Times are in ms where no unit (us, ms, s, min) is given. The last
 * form of `byzantine` is `fault user name n2 argument…`.
 *
 * @param at where the text stands in a file, for errors
 * @throws TroupeError ERR_BAD_FAULT with file, line and column and what was expected, also as `data`
 */
export function parseFault(text: string, at: TextPosition = {}): Fault {
  const lexer = new FaultLexer(text, at)
  lexer.accept('fault')
  const fault = parse(lexer)
  if (lexer.peek().kind !== 'end') throw lexer.fail('the end of the fault')
  return fault
}

/**
 * Faults from a text, one a line; empty lines and what follows a `#` are skipped.
 * @throws TroupeError ERR_BAD_FAULT, as `parseFault`
 */
export function parseFaults(text: string, at: { readonly file?: string } = {}): Fault[] {
  const faults: Fault[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue
    faults.push(parseFault(line, { ...at, line: index + 1 }))
  }
  return faults
}

/** The text of a fault; `parseFault` gives the same fault for it. */
export function printFault(fault: Fault): string {
  const fields = fault as unknown as Fields
  const parts = partsOf(fault.verb).map(([name, part]) => part.print(fields[name], fields))
  return ['fault', fault.verb, ...parts].filter((part) => part !== '').join(' ')
}

function parse(lexer: FaultLexer): Fault {
  const verb = lexer.peek()
  if (verb.kind !== 'word' || !isVerb(verb.value)) throw lexer.fail(`one of ${VERBS.join(', ')}`)
  lexer.take()
  const fields: Record<string, unknown> = { verb: verb.value }
  for (const [name, part] of partsOf(verb.value)) {
    if (verb.value === 'byzantine' && name === 'how') {
      const user = userFault(lexer, fields)
      if (user !== undefined) return user
    }
    const opening = lexer.peek()
    const value = part.parse(lexer, fields)
    if (value !== undefined) fields[name] = value
    if (
      value === true &&
      name === 'oneway' &&
      (fields['groups'] as readonly unknown[]).length !== 2
    ) {
      throw lexer.fail('the end of the fault: only two groups can be cut one way', opening)
    }
  }
  return fields as unknown as Fault
}

/** `byzantine n2 name argument…`, where the name is none of troupe's own. */
function userFault(lexer: FaultLexer, { node: name }: Fields): Fault | undefined {
  const { kind, value } = lexer.peek()
  if (kind !== 'word' || BYZANTINE.some((own) => own === value)) return undefined
  const own = faultName.parse(lexer)
  const rest: readonly FaultArgument[] = [name as string, ...args.parse(lexer, {})]
  return { verb: 'user', name: own, args: rest }
}

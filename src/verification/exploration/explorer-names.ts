import { badOption } from '../../base/options.js'
import type { ExplorerFactory } from '../explorer.js'
import { delayBounded } from '../explorers/delay-bounded.js'
import { dpor } from '../explorers/dpor.js'
import { omissions } from '../explorers/omissions.js'
import { pct } from '../explorers/pct.js'
import { pos } from '../explorers/pos.js'
import { random } from '../explorers/random.js'

/** An explorer and how it is written: so a thread or another process can make it anew. */
export interface NamedExplorer {
  /** `omissions(max=2,crashes=1)`; the name alone of one that was made by hand. */
  readonly text: string
  readonly factory: ExplorerFactory
}

type Value = number | boolean | string | readonly string[]

interface Maker {
  /** The option that a single value is for; absent: it takes none. */
  readonly main?: string
  make(options: Readonly<Record<string, Value>>): ExplorerFactory
}

// What an option may be is said, and refused, by the explorers themselves.
const MAKERS: Readonly<Record<string, Maker>> = {
  random: { make: random },
  pos: { make: pos },
  pct: { main: 'depth', make: (options) => pct(options) },
  delayBounded: { main: 'delays', make: (options) => delayBounded(options) },
  omissions: { main: 'max', make: (options) => omissions(options) },
  dpor: { main: 'maxDepth', make: (options) => dpor(options) },
}

/** What `--using` knows. */
export const EXPLORER_NAMES: readonly string[] = Object.keys(MAKERS)

/**
 * Explorers from a text: `random,pos`, `pct(4)`, `omissions(max=2,crashes=1)`. A value is a number, `all` for no
 * bound, `true`, `false`, a word, or several with + between them.
 *
 * @throws TroupeError ERR_BAD_OPTION for a name or an option that nobody knows
 */
export function explorersNamed(text: string, option = 'using'): NamedExplorer[] {
  const parts = text.match(/[^,()]+(\([^()]*\))?/g) ?? []
  if (parts.length === 0 || parts.join(',') !== text) {
    throw badOption(
      option,
      'names of explorers with commas between them, as in random,pct(4)',
      text,
    )
  }
  return parts.map((part) => explorerNamed(part.trim(), option))
}

function explorerNamed(text: string, option: string): NamedExplorer {
  const [, name = '', , words = ''] = /^([A-Za-z]+)(\((.*)\))?$/.exec(text) ?? []
  const maker = Object.hasOwn(MAKERS, name) ? MAKERS[name] : undefined
  if (maker === undefined) {
    throw badOption(option, `made of ${EXPLORER_NAMES.join(', ')}`, text)
  }
  const options: Record<string, Value> = {}
  for (const word of words.split(',').filter((one) => one.trim() !== '')) {
    const [, key = maker.main, value = ''] = /^(?:(\w+)=)?([\w.+-]+)$/.exec(word.trim()) ?? []
    if (value === '' || key === undefined || maker.main === undefined) {
      const rule = maker.main === undefined ? `${name}, without options` : `${name}(key=value,…)`
      throw badOption(option, rule, text)
    }
    options[key] = readValue(value, key === 'prune')
  }
  return { text, factory: maker.make(options) }
}

/** @param list where one word is a list, too */
function readValue(word: string, list: boolean): Value {
  if (word === 'all') return Number.POSITIVE_INFINITY
  if (word === 'true' || word === 'false') return word === 'true'
  if (Number.isFinite(Number(word))) return Number(word)
  return list || word.includes('+') ? word.split('+') : word
}

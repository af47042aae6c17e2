import { Actor } from '../actor/actor.js'
import { classNamed } from '../actor/class-registry.js'
import { Definition } from '../actor/definition.js'
import { VERSION } from '../base/version.js'
import { DynamicSupervisor } from '../supervision/dynamic-supervisor.js'
import { Supervisor } from '../supervision/supervisor.js'
import { digest } from './digest.js'
import type { Scenario } from './scenario.js'

/**
 * What a run was made of, and a digest of each: parts of the scenario (`start`, `operation add`), and
 * the actor classes that ran (`actor bank/account`). Of what these call or import it knows nothing.
 */
export type Sources = Readonly<Record<string, string>>

const ACTOR = 'actor '

/** @param classes those that have run */
function sourcesOf(scenario: Scenario, classes: Iterable<Definition>): Sources {
  const { start, workload, operations, checks, faults, userFaults, options } = scenario
  const { nodes, joined, limits, network, escapedWaits, guards, callTimeoutMs } = scenario
  const numbers = [nodes, joined, limits, network, escapedWaits, guards, callTimeoutMs]
  const sources: Record<string, string> = { troupe: VERSION, scenario: digestOf(numbers) }
  const add = (part: string, value: unknown): void => {
    if (value !== undefined) sources[part] = digestOf(value)
  }
  add('options', options)
  add('start', start)
  add('workload', workload)
  for (const [name, run] of Object.entries(operations ?? {})) add(`operation ${name}`, run)
  for (const check of checks ?? []) add(`check ${check.name}`, check)
  add('faults', faults?.options)
  for (const [name, run] of Object.entries(userFaults ?? {})) add(`fault ${name}`, run)
  const known = [...classes].filter(({ actorClass }) => actorClass !== undefined)
  known.sort((a, b) => (a.type < b.type ? -1 : 1))
  for (const definition of known) sources[`${ACTOR}${definition.type}`] = classDigest(definition)
  return sources
}

/** One digest of all. */
const fingerprint = (sources: Sources): string => digest(JSON.stringify(sources))

/** The sources of one run, read when somebody asks: that takes a twentieth of a short run, and a search asks for none. */
export class RunSources {
  readonly #scenario: Scenario
  readonly #classes: readonly Definition[]
  #sources: Sources | undefined
  #code: string | undefined

  constructor(scenario: Scenario, classes: readonly Definition[]) {
    this.#scenario = scenario
    this.#classes = classes
  }

  get sources(): Sources {
    this.#sources ??= sourcesOf(this.#scenario, this.#classes)
    return this.#sources
  }

  get code(): string {
    this.#code ??= fingerprint(this.sources)
    return this.#code
  }
}

/**
 * What is not as it was recorded, for people. A run that was not `complete` has not come to all classes
 * of the recorded one: those are looked up by their names, where they have one.
 */
export function changesSince(recorded: Sources, now: Sources, complete: boolean): string[] {
  const changes: string[] = []
  for (const [part, was] of Object.entries(recorded)) {
    const is = now[part] ?? registered(part)
    if (is === was) continue
    if (part === 'troupe') changes.push(`troupe (${was}, now ${is})`)
    else if (is !== undefined) changes.push(part)
    else if (complete || !part.startsWith(ACTOR)) changes.push(`${part} (not there)`)
  }
  for (const part of Object.keys(now)) {
    if (!Object.hasOwn(recorded, part)) changes.push(`${part} (new)`)
  }
  return changes
}

function registered(part: string): string | undefined {
  if (!part.startsWith(ACTOR)) return undefined
  const actorClass = classNamed(part.slice(ACTOR.length))
  return actorClass && classDigest(Definition.of(actorClass))
}

/** Where the classes of users begin. */
const BASES: ReadonlySet<unknown> = new Set([Actor, Supervisor, DynamicSupervisor])
const classDigests = new WeakMap<Definition, string>()

/** The text of a class and of those it extends, and what decorators say of its methods. */
function classDigest(definition: Definition): string {
  let found = classDigests.get(definition)
  if (found !== undefined) return found
  const texts: string[] = []
  for (
    let link: unknown = definition.actorClass;
    typeof link === 'function' && !BASES.has(link);
    link = Object.getPrototypeOf(link)
  ) {
    texts.push(textOf(link))
  }
  const table = definition.methods.map(({ name, channel, delivery, reentrant, keyed }) => {
    return [name, channel, delivery, reentrant, keyed]
  })
  found = digest(JSON.stringify([texts, table]))
  classDigests.set(definition, found)
  return found
}

/** Of plain values, with functions by their text. */
function digestOf(value: unknown): string {
  if (typeof value === 'function') return textDigest(value)
  try {
    const text = JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'function' ? textDigest(part) : part,
    )
    return digest(text)
  } catch {
    return 'unreadable' // a circle, say in an option
  }
}

/** How compilers to CommonJS and test runners write the name of an import: `import_bank.`, `bank_js_1.` */
const IMPORTED = /\b(?:import_\w+|__vi(?:te_ssr)?_import_\d+__|\w+_\d+)\./g

/** The same for a module that is loaded as CommonJS by one tool and as ESM by another. */
const textOf = (run: object): string =>
  String(run)
    .replace(IMPORTED, '')
    .replace(/\(0, ?([\w$.]+)\)\(/g, '$1(')

const textDigests = new WeakMap<object, string>()

function textDigest(run: object): string {
  let found = textDigests.get(run)
  if (found === undefined) {
    found = digest(textOf(run))
    textDigests.set(run, found)
  }
  return found
}

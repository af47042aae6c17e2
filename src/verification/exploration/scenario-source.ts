import { messageOf, TroupeError } from '../../base/errors.js'
import type { Scenario } from '../../simulation/index.js'
import { isScenario } from '../../simulation/scenario-run.js'

/** Where a thread finds a scenario, and what of it is to be otherwise. */
export interface ScenarioSource {
  /** A `file:` URL. */
  readonly module: string
  /** By which name it is exported. Absent: by default, or the only one. */
  readonly export?: string
  readonly nodes?: number | readonly string[]
  readonly level?: NonNullable<Scenario['level']>
}

/** What is to be known of a scenario without its code; plain. */
export interface ScenarioFacts {
  readonly name: string
  readonly level: NonNullable<Scenario['level']>
  /** Its `check.sometimes`. */
  readonly sometimes: readonly string[]
}

export const factsOf = ({ name, level = 'nodes', checks = [] }: Scenario): ScenarioFacts => ({
  name,
  level,
  sometimes: checks.filter(({ type }) => type === 'sometimes').map((check) => check.name),
})

/**
 * Imports a module and takes its scenario.
 * @throws TroupeError ERR_BAD_SCENARIO where the module cannot be loaded, or has none, or several to choose from
 */
export async function loadScenario(source: ScenarioSource): Promise<Scenario> {
  const { module } = source
  let exports: Readonly<Record<string, unknown>>
  try {
    exports = (await import(module)) as Record<string, unknown>
  } catch (error) {
    const detail = `${nameOf(module)} cannot be loaded: ${firstLines(error)}`
    throw new TroupeError('ERR_BAD_SCENARIO', detail, { cause: error })
  }
  return changed(chosen(exports, source), source)
}

/** The scenario with what is to be otherwise. */
export function changed(
  scenario: Scenario,
  { nodes, level }: Pick<ScenarioSource, 'nodes' | 'level'>,
): Scenario {
  const { network, ...rest } = scenario
  const now = level ?? scenario.level
  return {
    ...rest,
    ...(network !== undefined && now !== 'messages' && { network }),
    ...(nodes !== undefined && { nodes }),
    ...(level !== undefined && { level }),
  }
}

function chosen(exports: Readonly<Record<string, unknown>>, source: ScenarioSource): Scenario {
  const found = scenariosIn(exports)
  const { export: name, module } = source
  const names = [...found.keys()]
  const known = names.length === 0 ? 'it exports no scenario' : `it exports: ${names.join(', ')}`
  if (name !== undefined) {
    const named = found.get(name)
    if (named !== undefined) return named
    throw bad(module, `there is no scenario ${JSON.stringify(name)}; ${known}`)
  }
  const first = found.get('default') ?? (found.size === 1 ? [...found.values()][0] : undefined)
  if (first !== undefined) return first
  if (names.length > 1) throw bad(module, `which scenario? ${known}`)
  throw bad(module, `${known}: an object with name and nodes, by default or by a name`)
}

/** By the name of the export. What a compiler to CommonJS made has all of it in its default export, too. */
function scenariosIn(exports: Readonly<Record<string, unknown>>): Map<string, Scenario> {
  const inner = exports['default']
  const wrapped = typeof inner === 'object' && inner !== null && '__esModule' in inner
  const all = wrapped ? { ...exports, ...(inner as Record<string, unknown>) } : exports
  const found = new Map<string, Scenario>()
  for (const [name, value] of Object.entries(all)) if (isScenario(value)) found.set(name, value)
  return found
}

const nameOf = (module: string): string =>
  module.startsWith('file:') ? decodeURIComponent(new URL(module).pathname) : module

const bad = (module: string, detail: string): TroupeError =>
  new TroupeError('ERR_BAD_SCENARIO', `${nameOf(module)}: ${detail}`)

/** What was thrown, and for a syntax error the place that stands before it on the stack. */
function firstLines(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const place = /^(file:\/\/\S+|\/\S+):(\d+)\n/.exec(stack)
  const name = error instanceof Error && error.name !== 'Error' ? `${error.name}: ` : ''
  return `${name}${messageOf(error)}${place === null ? '' : ` (${place[1]}:${place[2]})`}`
}

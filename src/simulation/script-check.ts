import { badScenario, nodesOf, type Scenario } from './scenario.js'
import { type Script, type ScriptAct, withoutSteps } from './script.js'
import { actText } from './script-text.js'
import { nodesIn } from './sim-faults.js'

/**
 * Refuses a script that the scenario cannot follow.
 * @throws TroupeError ERR_BAD_SCENARIO naming what there is not
 */
export function checkScript(scenario: Scenario, script: Script | undefined): void {
  if (script === undefined) return
  const known = new Known(scenario, script)
  for (const { act } of script.steps) {
    const missing = known.missing(act)
    if (missing !== undefined) throw badScenario(scenario.name, `its script names ${missing}`)
  }
}

/** What of a script a scenario can still follow that has changed since, and the texts of the rest. */
export function scriptThatFits(
  script: Script,
  scenario: Scenario,
): { readonly script: Script; readonly unused: readonly string[] } {
  const all = nodesOf(scenario)
  const nodes = script.nodes?.filter((node) => all.includes(node))
  const left: Script = { steps: script.steps, ...(nodes && { nodes }) }
  const known = new Known(scenario, left)
  const dropped = new Set<number>()
  const unused = new Set<string>()
  for (const [index, { act }] of script.steps.entries()) {
    if (known.missing(act) === undefined) continue
    dropped.add(index)
    unused.add(actText(act))
  }
  return { script: withoutSteps(left, dropped), unused: [...unused] }
}

class Known {
  readonly #nodes: readonly string[]
  readonly #operations: readonly string[]
  readonly #userFaults: readonly string[]

  /** @throws TroupeError ERR_BAD_SCENARIO where the script has other nodes than the scenario */
  constructor(scenario: Scenario, { nodes }: Script) {
    const all = nodesOf(scenario)
    const unknown = nodes?.find((node) => !all.includes(node))
    if (unknown !== undefined) {
      throw badScenario(scenario.name, `its script names ${noSuch('node', unknown, all)}`)
    }
    this.#nodes = nodes ?? all
    this.#operations = Object.keys(scenario.operations ?? {})
    this.#userFaults = Object.keys(scenario.userFaults ?? {})
  }

  /** What an act names and there is not, for people. */
  missing(act: ScriptAct): string | undefined {
    const node = nodesOfAct(act).find((name) => !this.#nodes.includes(name))
    if (node !== undefined) return noSuch('node', node, this.#nodes)
    if (act.type === 'op' && !this.#operations.includes(act.name)) {
      return noSuch('operation', act.name, this.#operations)
    }
    if (act.type !== 'fault' || act.fault.verb !== 'user') return undefined
    const { name } = act.fault
    return this.#userFaults.includes(name)
      ? undefined
      : noSuch('user fault', name, this.#userFaults)
  }
}

const noSuch = (what: string, name: string, there: readonly string[]): string =>
  `the ${what} ${name}; there are: ${there.join(', ') || 'none'}`

function nodesOfAct(act: ScriptAct): readonly string[] {
  switch (act.type) {
    case 'op':
    case 'leave':
      return [act.node]
    case 'join':
      return [act.node, act.contact]
    case 'fault':
      return nodesIn(act.fault)
  }
}

import { digest } from './digest.js'
import type { Scenario } from './scenario.js'

/** A fingerprint of a scenario's own code and numbers; of actor classes it knows nothing. */
export function fingerprint(scenario: Scenario): string {
  const { name, nodes, start, operations, workload, checks, faults, limits } = scenario
  const parts = [
    name,
    JSON.stringify(nodes),
    String(start),
    ...Object.entries(operations ?? {}).map(([op, run]) => `${op} ${run}`),
    String(workload),
    ...(checks ?? []).map(
      (check) => `${check.type} ${check.name} ${'holds' in check ? check.holds : ''}`,
    ),
    JSON.stringify(faults?.options ?? {}),
    JSON.stringify(limits ?? {}),
  ]
  return digest(parts.join('\n'))
}

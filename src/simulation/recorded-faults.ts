import type { Fault } from '../fault/fault.js'
import { parseFault, printFault } from '../fault/fault-text.js'
import type { FaultText } from './fault-player.js'
import type { FaultLine } from './fault-schedule.js'
import { nodesOf, type Scenario } from './scenario.js'
import { nodesIn } from './sim-faults.js'

/** What of the recorded faults a scenario can still meet, and the texts of the rest. */
export interface RecordedFaults {
  readonly faults: readonly FaultLine[]
  readonly unused: readonly string[]
}

/** The faults of a run, to happen again. @throws TroupeError ERR_BAD_FAULT */
export function recordedFaults(texts: readonly FaultText[]): FaultLine[] {
  return texts.map((line) => ({ ...line, fault: parseFault(line.fault), by: 'schedule' }))
}

/** The same for a scenario that has changed since: without faults of nodes it has no more, or of its own that it does not know. */
export function faultsThatFit(texts: readonly FaultText[], scenario: Scenario): RecordedFaults {
  const names = nodesOf(scenario)
  const faults: FaultLine[] = []
  const unused = new Set<string>()
  for (const line of recordedFaults(texts)) {
    const there = nodesIn(line.fault).every((name) => names.includes(name))
    if (there && isKnown(line.fault, scenario)) faults.push(line)
    else unused.add(printFault(line.fault))
  }
  return { faults, unused: [...unused] }
}

const isKnown = (fault: Fault, { userFaults = {} }: Scenario): boolean =>
  fault.verb !== 'user' || Object.hasOwn(userFaults, fault.name)

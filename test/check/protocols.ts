import { cooperativeTermination } from '../../examples/protocols/cooperative-termination.js'
import { threePhaseCommit } from '../../examples/protocols/three-phase-commit.js'
import { twoPhaseCommit } from '../../examples/protocols/two-phase-commit.js'
import type { Scenario } from '../../src/simulation/index.js'
import type { ProtocolName } from './protocol-names.js'

type Make = (
  nodes: number,
  options: { readonly bug?: never; readonly repeats?: boolean },
) => Scenario

/** With so many nodes. The name of a mistake is one that the protocol has. */
export function protocolNamed(
  name: ProtocolName,
  nodes: number,
  bug: string | undefined,
): Scenario {
  return MADE[name](nodes, bug === undefined ? {} : { bug: bug as never })
}

const MADE: Readonly<Record<ProtocolName, Make>> = {
  '2pc': twoPhaseCommit,
  '2pc-repeated': (nodes, options) => twoPhaseCommit(nodes, { ...options, repeats: true }),
  ctp: cooperativeTermination,
  'ctp-once': (nodes, options) => cooperativeTermination(nodes, { ...options, repeats: false }),
  '3pc': threePhaseCommit,
}

import { alsbergDay } from '../../examples/protocols/alsberg-day.js'
import { antiEntropy } from '../../examples/protocols/anti-entropy.js'
import { cooperativeTermination } from '../../examples/protocols/cooperative-termination.js'
import { directMail } from '../../examples/protocols/direct-mail.js'
import { gCounter } from '../../examples/protocols/g-counter.js'
import { leaseLock } from '../../examples/protocols/lease-lock.js'
import { quorumRegister } from '../../examples/protocols/quorum-register.js'
import { rumorMongering } from '../../examples/protocols/rumor-mongering.js'
import { threePhaseCommit } from '../../examples/protocols/three-phase-commit.js'
import { twoPhaseCommit } from '../../examples/protocols/two-phase-commit.js'
import type { Scenario } from '../../src/simulation/index.js'
import type { ProtocolName } from './protocol-names.js'

/** `bug`: `never` stands for the names that each has. */
type Make = (nodes: number, options: { readonly bug?: never }) => Scenario

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
  '3pc-asking': (nodes, options) => threePhaseCommit(nodes, { ...options, termination: 'ask' }),
  'direct-mail': (nodes) => directMail(nodes, { acknowledged: false }),
  'direct-mail-acked': directMail,
  'anti-entropy': antiEntropy,
  'anti-entropy-uncertified': (nodes) => antiEntropy(nodes, { certificates: false }),
  'rumor-mongering': rumorMongering,
  'rumor-mongering-alone': (nodes) => rumorMongering(nodes, { backup: false }),
  'alsberg-day': (nodes, options) => alsbergDay(nodes, { ...options, variant: 'plain' }),
  'alsberg-day-retry': (nodes, options) => alsbergDay(nodes, { ...options, variant: 'retry' }),
  'alsberg-day-membership': alsbergDay,
  'quorum-register': quorumRegister,
  'lease-lock': leaseLock,
  'g-counter': gCounter,
}

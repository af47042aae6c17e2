import type { Member } from './overlay.js'
import type { ExchangeCosts } from './xbot-message.js'

/** This node's part in an exchange of links. The old neighbour's is one step and needs no memory. */
export type Exchange =
  | {
      readonly role: 'initiator'
      readonly id: number
      readonly old: Member
      readonly candidate: Member
    }
  | {
      readonly role: 'candidate'
      readonly id: number
      readonly initiator: Member
      readonly leaving: Member
    }
  | {
      readonly role: 'leaver'
      readonly id: number
      readonly initiator: string
      readonly old: Member
      readonly candidate: Member
      readonly costs: ExchangeCosts
      /** The old neighbour was asked to switch. */
      readonly asked: boolean
    }

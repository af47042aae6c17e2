import { isUlid } from '../../base/identity.js'
import { compareIncarnations, isGeneration, isNodeName, type MemberWire } from '../member.js'
import { memberOf, wireOf } from '../member-wires.js'
import type { Member } from '../overlay.js'

/** A client, and how new what is told about it is. Both numbers are counted by the client itself. */
export interface Claim {
  readonly member: Member
  /** Its joins, from 1: a removal concerns one join and those before. */
  readonly epoch: number
  /** Its attachments to servers, from 1: the highest is where it is now. */
  readonly version: number
}

/** A removal: of this incarnation, up to that join of it. */
export interface Removal {
  readonly name: string
  readonly incarnation: string
  readonly generation: number
  readonly epoch: number
}

export const removalOf = ({ member, epoch }: Claim): Removal => ({
  name: member.name,
  incarnation: member.incarnation,
  generation: member.generation,
  epoch,
})

/** Positive: `a` is newer. */
export function compareClaims(a: Claim, b: Claim): number {
  return compareIncarnations(a.member, b.member) || a.epoch - b.epoch || a.version - b.version
}

/** True when the removal is of this claim or a newer one of the same client. */
export function covers(removal: Removal, claim: Claim): boolean {
  const age = compareIncarnations(removal, claim.member)
  return age > 0 || (age === 0 && removal.epoch >= claim.epoch)
}

export type ClaimWire = [MemberWire, number, number]

export const claimToWire = ({ member, epoch, version }: Claim): ClaimWire => [
  wireOf(member),
  epoch,
  version,
]

export function claimFromWire(value: unknown): Claim | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined
  const [wire, epoch, version] = value as unknown[]
  const member = memberOf(wire)
  if (member === undefined || !isCount(epoch) || !isCount(version)) return undefined
  return { member, epoch, version }
}

export type RemovalWire = [string, string, number, number]

export const removalToWire = (removal: Removal): RemovalWire => [
  removal.name,
  removal.incarnation,
  removal.generation,
  removal.epoch,
]

export function removalFromWire(value: unknown): Removal | undefined {
  if (!Array.isArray(value) || value.length !== 4) return undefined
  const [name, incarnation, generation, epoch] = value as unknown[]
  if (!isNodeName(name) || !isUlid(incarnation)) return undefined
  if (!isGeneration(generation) || !isCount(epoch)) return undefined
  return { name, incarnation, generation, epoch }
}

/** An attachment every millisecond for 8,000 years stays below. */
export const isCount = (value: unknown): value is number =>
  isGeneration(value) && value >= 1 && value < 2 ** 48

import { hashText } from '../base/random.js'
import {
  compareIncarnations,
  isGeneration,
  isNodeName,
  type MemberWire,
  sameMember,
} from './member.js'
import { memberOf, wireKept, wireOf } from './member-wires.js'
import type { Member } from './overlay.js'

/**
 * What is known about one name. The members form an observed-remove set in which only a member adds
 * its own record, so the dots of an element are (its incarnation, 1…`added`), of which the latest
 * stands for all, and the causal context that has seen removed ones is one number, `removed`. A
 * member is in the set while `added > removed`: a remove drops only dots it observed, a concurrent
 * add wins. A newer incarnation takes the name with all that was known of the older.
 */
export interface MemberRecord {
  readonly member: Member
  /** The latest dot, from 1. Written by the member itself only. */
  readonly added: number
  /** The latest dot that was removed, 0 if none; at most `added`. */
  readonly removed: number
  /** Author of that remove: a node's name, '' if none. */
  readonly by: string
  /** True when it was given up, not asked to leave. */
  readonly evicted: boolean
}

export const isPresent = (record: MemberRecord): boolean => record.added > record.removed

/** The record of a member that is in the set by its own word. */
export const presentRecord = (member: Member, removed = 0): MemberRecord => ({
  member,
  added: removed + 1,
  removed,
  by: '',
  evicted: false,
})

/** The same member removed: every dot seen so far is dropped. */
export const removedRecord = (
  record: MemberRecord,
  by: string,
  evicted: boolean,
): MemberRecord => ({
  member: record.member,
  added: record.added,
  removed: record.added,
  by,
  evicted,
})

/** Joins two records of one name: commutative, associative, idempotent. */
export function mergeRecords(a: MemberRecord, b: MemberRecord): MemberRecord {
  const newer = compareIncarnations(a.member, b.member)
  if (newer !== 0) return newer > 0 ? a : b
  const remover = latestRemove(a, b)
  const merged: MemberRecord = {
    member: smallerText(a.member, b.member),
    added: Math.max(a.added, b.added),
    removed: remover.removed,
    by: remover.by,
    evicted: remover.evicted,
  }
  return sameRecord(merged, a) ? a : sameRecord(merged, b) ? b : merged
}

export interface MemberChange {
  readonly before: MemberRecord | undefined
  readonly after: MemberRecord
}

/**
 * The membership as one node knows it: one record a name, removed ones included (they keep late
 * news of the removed from bringing it back). Bounded: `membersMax` present, `removedMax` removed
 * ones, of which the oldest incarnations are forgotten first, alike on all nodes.
 */
export class MemberSet {
  readonly #records = new Map<string, MemberRecord>()
  readonly #membersMax: number
  readonly #removedMax: number
  #present = 0
  #hashLow = 0
  #hashHigh = 0
  #members: readonly Member[] | undefined

  constructor(membersMax = 4096, removedMax = 4096) {
    this.#membersMax = membersMax
    this.#removedMax = removedMax
  }

  get(name: string): MemberRecord | undefined {
    return this.#records.get(name)
  }

  has(name: string): boolean {
    return this.member(name) !== undefined
  }

  /** The present member of that name. */
  member(name: string): Member | undefined {
    const record = this.#records.get(name)
    return record !== undefined && isPresent(record) ? record.member : undefined
  }

  /** Present members, sorted by name. The same array until something changes. */
  members(): readonly Member[] {
    this.#members ??= this.records()
      .filter(isPresent)
      .map((record) => record.member)
    return this.#members
  }

  /** All records, sorted by name. */
  records(): MemberRecord[] {
    return [...this.#records.values()].sort(byName)
  }

  /** True when a present record of that name could not be taken: the set is full. */
  isFull(name: string): boolean {
    return this.#present >= this.#membersMax && !this.has(name)
  }

  /** Joins a record in. Undefined: nothing new in it. */
  merge(record: MemberRecord): MemberChange | undefined {
    const name = record.member.name
    const before = this.#records.get(name)
    const after = before === undefined ? record : mergeRecords(before, record)
    if (after === before) return undefined
    if (before !== undefined) this.#forget(before)
    this.#keep(after)
    this.#boundRemoved()
    return { before, after }
  }

  /**
   * 64 bits over all records but two: equal digests mean equal sets. Two nodes that compare leave
   * their own records out, which they exchange anyway.
   */
  digest(exceptA: string, exceptB: string): string {
    let low = this.#hashLow
    let high = this.#hashHigh
    for (const name of exceptA === exceptB ? [exceptA] : [exceptA, exceptB]) {
      const record = this.#records.get(name)
      if (record === undefined) continue
      low = (low - hashLow(record)) >>> 0
      high = (high - hashHigh(record)) >>> 0
    }
    return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
  }

  clear(): void {
    this.#records.clear()
    this.#present = 0
    this.#hashLow = 0
    this.#hashHigh = 0
    this.#members = undefined
  }

  #keep(record: MemberRecord): void {
    this.#records.set(record.member.name, record)
    if (isPresent(record)) this.#present++
    this.#hashLow = (this.#hashLow + hashLow(record)) >>> 0
    this.#hashHigh = (this.#hashHigh + hashHigh(record)) >>> 0
    this.#members = undefined
  }

  #forget(record: MemberRecord): void {
    this.#records.delete(record.member.name)
    if (isPresent(record)) this.#present--
    this.#hashLow = (this.#hashLow - hashLow(record)) >>> 0
    this.#hashHigh = (this.#hashHigh - hashHigh(record)) >>> 0
    this.#members = undefined
  }

  #boundRemoved(): void {
    if (this.#records.size - this.#present <= this.#removedMax) return
    const removed = this.records().filter((record) => !isPresent(record))
    removed.sort((a, b) => (a.member.incarnation < b.member.incarnation ? -1 : 1))
    for (const record of removed.slice(0, removed.length - this.#removedMax)) this.#forget(record)
  }
}

export type RecordWire = [MemberWire, number, number, string, boolean]

/** As with members (member-wires.ts): who is handed a wire form that was made here has the very record. */
const RECORD = Symbol('record')
type MadeHere = unknown[] & { [RECORD]?: MemberRecord }

export const recordToWire = (record: MemberRecord): RecordWire => wireKept(record, newWire)

function newWire(record: MemberRecord): RecordWire {
  const { member, added, removed, by, evicted } = record
  const wire: RecordWire = [wireOf(member), added, removed, by, evicted]
  ;(wire as MadeHere)[RECORD] = record
  return Object.freeze(wire) as RecordWire
}

/** The record in a value that a peer sent, or undefined when any field breaks its rule. */
export function recordFromWire(value: unknown): MemberRecord | undefined {
  if (!Array.isArray(value)) return undefined
  return (value as MadeHere)[RECORD] ?? readRecord(value)
}

function readRecord(value: readonly unknown[]): MemberRecord | undefined {
  if (value.length !== 5) return undefined
  const [wire, added, removed, by, evicted] = value
  const member = memberOf(wire)
  if (member === undefined || !isGeneration(added) || !isGeneration(removed)) return undefined
  if (added < 1 || added > DOTS_MAX || removed > added || typeof evicted !== 'boolean') {
    return undefined
  }
  if (by !== '' && !isNodeName(by)) return undefined
  if (removed > 0 ? false : by !== '' || evicted) return undefined
  return { member, added, removed, by, evicted }
}

/** A member that leaves and joins again every second reaches this after 34 years. */
const DOTS_MAX = 2 ** 30

export function sameRecord(a: MemberRecord, b: MemberRecord): boolean {
  return (
    a.added === b.added &&
    a.removed === b.removed &&
    a.by === b.by &&
    a.evicted === b.evicted &&
    sameMember(a.member, b.member)
  )
}

/** The remove with the latest dot; of two with the same dot the smaller author, an order all nodes share. */
function latestRemove(a: MemberRecord, b: MemberRecord): MemberRecord {
  if (a.removed !== b.removed) return a.removed > b.removed ? a : b
  if (a.by !== b.by) return a.by < b.by ? a : b
  return a.evicted ? b : a
}

/** An incarnation describes itself once; should two descriptions meet, all nodes keep the same one. */
const smallerText = (a: Member, b: Member): Member =>
  sameMember(a, b) || textOf(a) <= textOf(b) ? a : b

const textOf = (member: Member): string => JSON.stringify(wireOf(member))

const byName = (a: MemberRecord, b: MemberRecord): number =>
  a.member.name < b.member.name ? -1 : a.member.name > b.member.name ? 1 : 0

const keyText = (record: MemberRecord): string => {
  const { name, incarnation, generation } = record.member
  return `${name}\n${incarnation}\n${generation}\n${record.added}\n${record.removed}`
}

const hashLow = (record: MemberRecord): number => hashText(keyText(record))
const hashHigh = (record: MemberRecord): number => hashText(`+${keyText(record)}`)

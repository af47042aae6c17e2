import { type Fault, labelText, type MessageLabel } from '../../fault/fault.js'
import type { TraceLine } from '../../simulation/index.js'
import { readLabel } from './lineage.js'
import type { Trials } from './trials.js'

/** So many of them are tried alone. */
const MESSAGES_MAX = 8

/**
 * Messages that a fault of the present run has kept from arriving while it was at work, as faults name them.
 *
 * @param begin which of the run's faults and ends it is
 * @param end which of them ends it
 */
export async function lostTo(
  trials: Trials,
  begin: number,
  end: number | undefined,
): Promise<readonly MessageLabel[]> {
  const happened = trials.present.result.faults
  const fault = happened[begin]?.fault
  if (fault === undefined || !stops(fault)) return []
  const { lines } = await trials.trace()
  const marks = lines.filter(({ k }) => k === 'fault' || k === 'end-fault')
  const from = marks[begin]?.i ?? 0
  const to = (end === undefined ? undefined : marks[end]?.i) ?? lines.length
  const { workloadUs } = trials.present.result
  const arrived = new Set(
    lines.flatMap(({ k, c, i }) => (k === 'deliver' && i < to && c !== undefined ? [c] : [])),
  )
  const lost: MessageLabel[] = []
  for (const { i, k, id } of lines.slice(from, to)) {
    const label = k === 'send' && !arrived.has(i) ? readLabel(id ?? '') : undefined
    if (label === undefined || !isStopped(fault, label)) continue
    const way = { from: label.from, to: label.to, name: label.name }
    const before = arrivals(lines.slice(0, from), way, workloadUs)
    const others = lost.filter((one) => labelText(one).startsWith(`${labelText(way)}#`)).length
    lost.push({ ...way, ordinal: before + others + 1 })
    if (lost.length === MESSAGES_MAX) break
  }
  return lost
}

function arrivals(lines: readonly TraceLine[], way: MessageLabel, fromUs: number): number {
  const prefix = `${labelText(way)}#`
  const is = ({ k, n, t, id }: TraceLine): boolean =>
    t >= fromUs &&
    (k === 'deliver' || k === 'drop') &&
    n === way.to &&
    id?.startsWith(prefix) === true
  return lines.filter(is).length
}

/** It keeps messages from arriving. */
function stops(fault: Fault): boolean {
  switch (fault.verb) {
    case 'partition':
    case 'omit_send':
    case 'omit_receive':
    case 'omit_all':
    case 'pause':
    case 'crash':
      return true
    case 'omit':
      return fault.message.ordinal === undefined
    default:
      return false
  }
}

function isStopped(fault: Fault, { from, to, name }: MessageLabel): boolean {
  switch (fault.verb) {
    case 'partition': {
      const sides = [from, to].map((node) =>
        fault.groups.findIndex((group) => group.includes(node)),
      )
      const [there = -1, back = -1] = sides
      return there >= 0 && back >= 0 && there !== back && !(fault.oneway && there > back)
    }
    case 'omit_send':
      return from === fault.node && (fault.peer === '*' || fault.peer === to)
    case 'omit_receive':
      return to === fault.node && (fault.peer === '*' || fault.peer === from)
    case 'omit_all':
      return from === fault.node || to === fault.node
    case 'pause':
    case 'crash':
      return to === fault.node
    case 'omit': {
      const { message } = fault
      return message.from === from && message.to === to && message.name === name
    }
    default:
      return false
  }
}

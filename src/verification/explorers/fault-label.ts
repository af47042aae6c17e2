/** A choice about a message, taken to pieces: `drop n1>n2:add#1`, `crash n1 at n1>n2:add#1`. */
export interface FaultLabel {
  readonly verb: 'drop' | 'crash'
  readonly from: string
  readonly to: string
  /** Name and number of the message. */
  readonly message: string
}

const DROP = /^drop ([^>]+)>([^:]+):(.*)$/
const CRASH = /^crash \S+ at ([^>]+)>([^:]+):(.*)$/

/** Undefined for other choices. */
export function readFaultLabel(label: string): FaultLabel | undefined {
  const verb = label.startsWith('drop ') ? 'drop' : 'crash'
  const match = (verb === 'drop' ? DROP : CRASH).exec(label)
  if (match === null) return undefined
  const [, from = '', to = '', message = ''] = match
  return { verb, from, to, message }
}

export const dropLabel = ({ from, to, message }: Omit<FaultLabel, 'verb'>): string =>
  `drop ${from}>${to}:${message}`
export const crashLabel = ({ from, to, message }: Omit<FaultLabel, 'verb'>): string =>
  `crash ${from} at ${from}>${to}:${message}`

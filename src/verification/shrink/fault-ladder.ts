import { ANY, type Fault, isLabel, type Link } from '../../fault/fault.js'

/** The next weaker faults, the weakest first; and simpler ones, which do not depend on draws. None twice on one way down. */
export function weaker(fault: Fault, nodes: readonly string[]): Fault[] {
  switch (fault.verb) {
    case 'partition':
      return links(fault.groups).length > 1
        ? links(fault.groups).map(([a, b]) => ({ ...fault, groups: [[a], [b]] }))
        : []
    case 'crash': {
      const { node, after, loseUnsynced } = fault
      if (after !== undefined) return []
      const mild: Fault[] = [{ verb: 'pause', node }]
      if (loseUnsynced) mild.push({ ...fault, loseUnsynced: false })
      return mild
    }
    case 'restart':
      return fault.loseUnsynced ? [{ ...fault, loseUnsynced: false }] : []
    case 'omit_all':
      return [
        ...always(fault),
        { ...fault, verb: 'omit_send', peer: ANY },
        { ...fault, verb: 'omit_receive', peer: ANY },
      ]
    case 'omit_send':
    case 'omit_receive':
      return [
        ...always(fault),
        ...others(fault.peer, fault.node, nodes).map((peer) => ({ ...fault, peer })),
      ]
    case 'egress_delay':
    case 'ingress_delay':
      return [
        ...smaller(fault.ms).map((ms) => ({ ...fault, ms })),
        ...others(fault.peer, fault.node, nodes).map((peer) => ({ ...fault, peer })),
      ]
    case 'duplicate':
      return isLabel(fault.what)
        ? always(fault)
        : [...always(fault), ...narrower(fault.what, nodes).map((what) => ({ ...fault, what }))]
    case 'reorder':
      return [
        ...smaller(fault.windowMs).map((windowMs) => ({ ...fault, windowMs })),
        ...narrower(fault, nodes).map((link) => ({ ...fault, ...link })),
      ]
    case 'byzantine':
      return [
        ...(fault.how === 'corrupt' ? [{ ...fault, how: 'bitflip' as const }] : []),
        ...always(fault),
      ]
    case 'clock':
      return smaller(Math.abs(fault.amount)).map((amount) => {
        return { ...fault, amount: Math.sign(fault.amount) * amount }
      })
    case 'store':
      return fault.how === 'slow' ? [] : [{ ...fault, how: 'slow' }]
    default:
      return []
  }
}

/** All messages in place of a share that is drawn. */
const always = <F extends Fault & { readonly percent: number }>(fault: F): F[] =>
  fault.percent === 100 ? [] : [{ ...fault, percent: 100 }]

const AMOUNTS = [1, 10, 100, 1_000, 10_000]

const smaller = (amount: number): number[] => AMOUNTS.filter((one) => one < amount)

const others = (peer: string, node: string, nodes: readonly string[]): readonly string[] =>
  peer === ANY ? nodes.filter((name) => name !== node) : []

const narrower = ({ from, to }: Link, nodes: readonly string[]): Link[] => [
  ...others(from, to, nodes).map((name) => ({ from: name, to })),
  ...others(to, from, nodes).map((name) => ({ from, to: name })),
]

function links(groups: readonly (readonly string[])[]): [string, string][] {
  return groups.flatMap((group, at) =>
    group.flatMap((a) =>
      groups.slice(at + 1).flatMap((other) => other.map((b): [string, string] => [a, b])),
    ),
  )
}

/** The fault where that node is not there; undefined when nothing of it is left. */
export function withoutNode(fault: Fault, node: string): Fault | undefined {
  switch (fault.verb) {
    case 'partition': {
      const groups = fault.groups
        .map((group) => group.filter((name) => name !== node))
        .filter(({ length }) => length > 0)
      return groups.length > 1 ? { ...fault, groups } : undefined
    }
    case 'omit':
      return [fault.message.from, fault.message.to].includes(node) ? undefined : fault
    case 'duplicate':
      return [fault.what.from, fault.what.to].includes(node) ? undefined : fault
    case 'reorder':
      return [fault.from, fault.to].includes(node) ? undefined : fault
    case 'connection':
      return [fault.a, fault.b].includes(node) ? undefined : fault
    case 'heal':
    case 'resolve_all':
    case 'user':
      return fault
    case 'crash': {
      const { after } = fault
      const all = after === undefined ? [fault.node] : [fault.node, after.from, after.to]
      return all.includes(node) ? undefined : fault
    }
    default:
      return fault.node === node || ('peer' in fault && fault.peer === node) ? undefined : fault
  }
}

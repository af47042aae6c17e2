import type { FrameInfo, Ruling } from '../peer/gate.js'
import { FRAME } from '../wire/frame.js'
import {
  ANY,
  type Fault,
  type FaultOf,
  isLabel,
  type Link,
  type MessageLabel,
  type RuleFault,
} from './fault.js'
import { drawOf } from './fault-draw.js'
import type { FaultRule, NumberedMessage } from './fault-gate.js'
import { StaleRule } from './stale-rule.js'

/** Where a rule stands, and what its draws follow from. */
export interface RuleContext {
  /** The node whose gate it is. */
  readonly node: string
  readonly seed: number | string
  /**
   * With `arrival` what is done to single messages is done where they arrive; for those who put every
   * fault at every node's gate. With `either` it is done at whichever end this node is.
   */
  readonly at: 'either' | 'arrival'
}

const DROP: Ruling = { type: 'drop' }
const TWICE: Ruling = { type: 'twice' }

/**
 * What a fault does at the gate of one node; undefined when it does nothing there, because it is about
 * other nodes or is no rule about frames at all.
 *
 * A partition drops all frames between the groups, heartbeats and handshakes too. Delays hold all
 * frames but fragments. The other faults are about messages: envelopes, relayed ones, and what
 * overlay, broadcast and delivery send; bits are flipped, and contents are old, in envelopes only.
 */
export function ruleOf(fault: Fault, context: RuleContext): FaultRule | undefined {
  switch (fault.verb) {
    case 'partition':
      return partition(fault, context.node)
    case 'egress_delay':
      return fault.node === context.node ? late('out', fault.peer, fault.ms) : undefined
    case 'ingress_delay':
      return fault.node === context.node ? late('in', fault.peer, fault.ms) : undefined
    case 'omit':
      return onMessage(fault.message, context, () => DROP)
    case 'omit_send':
    case 'omit_receive':
    case 'omit_all':
      return fault.node === context.node ? omission(fault, context) : undefined
    case 'duplicate':
      return duplicate(fault, context)
    case 'reorder':
      return reorder(fault, context)
    case 'byzantine':
      return fault.node === context.node && fault.where === 'wire'
        ? byzantine(fault, context)
        : undefined
    default:
      return undefined
  }
}

/** True for faults that `ruleOf` can turn into a rule at some node's gate. */
export function isRuleFault(fault: Fault): fault is RuleFault {
  return RULES.has(fault.verb) && (fault.verb !== 'byzantine' || fault.where === 'wire')
}

const RULES: ReadonlySet<string> = new Set<RuleFault['verb']>([
  'partition',
  'egress_delay',
  'ingress_delay',
  'omit',
  'omit_send',
  'omit_receive',
  'omit_all',
  'duplicate',
  'reorder',
  'byzantine',
])

/** Passes every message and calls `run` for those with that label where they arrive. */
export function watchOf(
  label: MessageLabel,
  node: string,
  run: (message: NumberedMessage) => void,
): FaultRule | undefined {
  if (label.to !== node) return undefined
  return named((frame, message) => {
    if (frame.direction === 'in' && matches(label, message)) run(message)
    return undefined
  })
}

function partition({ groups, oneway }: FaultOf<'partition'>, node: string): FaultRule | undefined {
  const own = groups.findIndex((group) => group.includes(node))
  if (own === -1) return undefined
  const others = new Set(groups.flatMap((group, index) => (index === own ? [] : group)))
  const cut = own === 0 ? 'out' : 'in'
  return {
    named: false,
    judge: ({ direction, peer }) =>
      others.has(peer) && (!oneway || direction === cut) ? DROP : undefined,
  }
}

function late(direction: 'in' | 'out', peer: string, ms: number): FaultRule {
  const ruling: Ruling | undefined = ms === 0 ? undefined : { type: 'delay', ms }
  return {
    named: false,
    judge: (frame) =>
      frame.direction === direction && (peer === ANY || frame.peer === peer) ? ruling : undefined,
  }
}

/** Over the connection to that peer, or all the way to it through others. */
function omission(
  fault: FaultOf<'omit_send' | 'omit_receive' | 'omit_all'>,
  { node, seed }: RuleContext,
): FaultRule {
  const draw = drawOf(seed, fault)
  const peer = fault.verb === 'omit_all' ? ANY : fault.peer
  const sends = fault.verb !== 'omit_receive'
  const receives = fault.verb !== 'omit_send'
  return named((frame, message) => {
    const out = frame.direction === 'out'
    if (!(out ? sends : receives)) return undefined
    const far = out
      ? message.from === node && message.to === peer
      : message.from === peer && message.to === node
    if (peer !== ANY && frame.peer !== peer && !far) return undefined
    return draw(message) * 100 < fault.percent ? DROP : undefined
  })
}

function duplicate(fault: FaultOf<'duplicate'>, context: RuleContext): FaultRule | undefined {
  const draw = drawOf(context.seed, fault)
  return onMessage(fault.what, context, (message) =>
    draw(message) * 100 < fault.percent ? TWICE : undefined,
  )
}

function reorder(fault: FaultOf<'reorder'>, context: RuleContext): FaultRule | undefined {
  const draw = drawOf(context.seed, fault)
  return onMessage(fault, context, (message) => {
    const us = Math.floor(draw(message) * (fault.windowMs * 1_000 + 1))
    return us === 0 ? undefined : { type: 'aside', ms: us / 1_000 }
  })
}

const byzantine = (fault: FaultOf<'byzantine'>, context: RuleContext): FaultRule =>
  fault.how === 'stale' ? new StaleRule(fault, context.node, context.seed) : bitflip(fault, context)

/** Of the last eight bytes, where arguments stand; or anywhere. */
function bitflip(fault: FaultOf<'byzantine'>, { seed }: RuleContext): FaultRule {
  const share = drawOf(seed, fault)
  const where = drawOf(`${seed} bit`, fault)
  const bits = fault.how === 'bitflip' ? 64 : 2 ** 31
  return named(({ direction, kind }, message) => {
    if (direction !== 'out' || (kind !== FRAME.ENVELOPE && kind !== FRAME.RELAY)) return undefined
    if (share(message) * 100 >= fault.percent) return undefined
    return { type: 'corrupt', bit: Math.floor(where(message) * bits) }
  })
}

/** A rule about messages with a label, or from one node to another, at one end of their way. */
function onMessage(
  what: MessageLabel | Link,
  { node, at }: RuleContext,
  judge: (message: NumberedMessage) => Ruling | undefined,
): FaultRule | undefined {
  const arrives = isOr(what.to, node)
  const leaves = at === 'either' && isOr(what.from, node)
  if (!arrives && !leaves) return undefined
  return named((frame, message) => {
    const here =
      frame.direction === 'in' ? arrives && message.to === node : leaves && message.from === node
    return here && matches(what, message) ? judge(message) : undefined
  })
}

function named(
  judge: (frame: FrameInfo, message: NumberedMessage) => Ruling | undefined,
): FaultRule {
  return {
    named: true,
    judge: (frame, message) => (message === undefined ? undefined : judge(frame, message)),
  }
}

const isOr = (name: string, node: string): boolean => name === ANY || name === node

function matches(
  what: MessageLabel | Link,
  message: NumberedMessage | undefined,
): message is NumberedMessage {
  if (message === undefined) return false
  if (!isOr(what.from, message.from) || !isOr(what.to, message.to)) return false
  if (!isLabel(what)) return true
  return what.name === message.name && (what.ordinal ?? message.ordinal) === message.ordinal
}

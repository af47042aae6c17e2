import { FaultGate, type NumberedMessage } from '../fault/fault-gate.js'
import { type FrameInfo, GATED, type Ruling } from '../peer/gate.js'
import { FRAME } from '../wire/frame.js'
import { digest } from './digest.js'
import { addressee } from './node-insides.js'
import type { Plain } from './op.js'
import { toPlain } from './plain.js'
import type { Recorder } from './recorder.js'
import type { SimCluster } from './sim-cluster.js'
import type { TraceKind } from './trace-line.js'

/** Bodies whose text is longer are shown by their digest. */
const BODY_MAX = 1_000
/** Messages between two nodes that are remembered until they arrive. */
const PENDING_MAX = 1_000

/** A message that was sent: its label, and the line that says so. */
interface Sent {
  readonly id: string
  readonly line: number
  readonly name: string
  readonly callId: number
  readonly key: number
}

/**
 * Writes into a trace what messages nodes send each other, what arrives, and what rules take out. A
 * delivery has its sending as its cause. Sees frames through the gates of all nodes, and asks nothing
 * of them.
 */
export class MessageTrace {
  readonly #cluster: SimCluster
  readonly #recorder: Recorder
  /** Under way, by sender and receiver; and what has arrived last. */
  readonly #pending = new Map<string, Sent[]>()
  readonly #arrived = new Map<string, Sent[]>()
  /** The frame that a rule has just dropped. */
  #dropped: FrameInfo | undefined

  constructor(cluster: SimCluster, recorder: Recorder) {
    this.#cluster = cluster
    this.#recorder = recorder
    cluster.events.on('started', ({ node }) => this.#watch(node))
    cluster.events.on('crashed', ({ node }) => this.#forget(node))
  }

  /** What a rule does to a message; called before the message itself is seen here. */
  ruling(node: string, ruling: Ruling, message: NumberedMessage, frame: FrameInfo): void {
    if (ruling.type === 'drop') this.#dropped = frame
    const { from, to } = message
    const pending = this.#pending.get(`${from}>${to}`) ?? []
    const sent =
      frame.direction === 'in' ? pending.find((one) => fits(one, message, frame)) : undefined
    const id = sent?.id ?? textOf(message)
    const kind = KINDS[ruling.type]
    if (kind !== undefined) this.#recorder.note(kind, { n: node, id, c: sent?.line })
    if (kind === 'drop' && sent !== undefined) pending.splice(pending.indexOf(sent), 1)
  }

  #watch(name: string): void {
    const node = this.#cluster.running(name)
    if (node === undefined) return
    new FaultGate(node[GATED]).add({
      named: true,
      judge: (frame, message) => {
        const dropped = this.#dropped === frame
        this.#dropped = undefined
        if (message === undefined || !TRACED.has(frame.kind)) return undefined
        if (frame.direction === 'out') this.#sent(name, message, frame, dropped)
        else if (!dropped && message.to === name) this.#delivered(name, message, frame)
        return undefined
      },
    })
    node.events.on('peerDown', ({ peer }) => {
      this.#pending.delete(`${name}>${peer.name}`)
    })
  }

  #sent(node: string, message: NumberedMessage, frame: FrameInfo, dropped: boolean): void {
    if (message.from !== node) return // it only relays
    const id = textOf(message)
    const { envelope, channel } = frame
    const d = envelope?.args === undefined ? undefined : bodyOf(envelope.args)
    const line = this.#recorder.note('send', { n: node, id, ch: channel, d })
    if (dropped) return
    const { callId = 0, key = 0 } = envelope ?? {}
    const way = `${message.from}>${message.to}`
    const pending = this.#pending.get(way) ?? []
    this.#pending.set(way, pending)
    pending.push({ id, line, name: message.name, callId, key })
    if (pending.length > PENDING_MAX) pending.shift()
  }

  #delivered(node: string, message: NumberedMessage, frame: FrameInfo): void {
    const way = `${message.from}>${message.to}`
    const pending = this.#pending.get(way) ?? []
    const at = pending.findIndex((one) => fits(one, message, frame))
    const arrived = this.#arrived.get(way) ?? []
    this.#arrived.set(way, arrived)
    const sent = at >= 0 ? pending[at] : arrived.findLast((one) => fits(one, message, frame))
    if (at >= 0 && sent !== undefined) {
      pending.splice(at, 1)
      arrived.push(sent)
      if (arrived.length > PENDING_MAX) arrived.shift()
    }
    const id = sent?.id ?? textOf(message)
    const running = this.#cluster.running(node)
    const a = running && frame.envelope && addressee(running, frame.envelope.to)
    this.#recorder.note('deliver', { n: node, id, c: sent?.line, ch: frame.channel, a })
  }

  #forget(node: string): void {
    for (const ways of [this.#pending, this.#arrived]) {
      for (const way of ways.keys()) if (way.split('>').includes(node)) ways.delete(way)
    }
  }
}

/** What is written of a ruling; delays show in the times. */
const KINDS: Partial<Record<Ruling['type'], TraceKind>> = {
  drop: 'drop',
  twice: 'duplicate',
  corrupt: 'corrupt',
  replace: 'replace',
}

/** Envelopes; what keeps connections and membership alive would hide them. */
const TRACED: ReadonlySet<number> = new Set([FRAME.ENVELOPE, FRAME.RELAY])

/** The same message at its other end, as far as its head tells. */
function fits(sent: Sent, { name }: NumberedMessage, { envelope }: FrameInfo): boolean {
  const { callId = 0, key = 0 } = envelope ?? {}
  return sent.name === name && sent.callId === callId && (callId !== 0 || sent.key === key)
}

const textOf = ({ from, to, name, ordinal }: NumberedMessage): string =>
  `${from}>${to}:${name}#${ordinal}`

function bodyOf(args: readonly unknown[]): Plain {
  const plain = toPlain(args)
  const text = JSON.stringify(plain)
  return text.length <= BODY_MAX ? plain : `digest ${digest(text)}, ${text.length} characters`
}

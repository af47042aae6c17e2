import type { ActorSystem } from '../actor/actor-system.js'
import type { AnyRef } from '../actor/ref.js'
import { type ErrorCode, TroupeError } from '../base/errors.js'
import { actorId } from '../base/identity.js'
import { type Logger, silentLogger } from '../base/logger.js'
import type { Carrier, CarrierSink, Member } from '../cluster/carrier.js'
import type { Supervision } from '../supervision/supervision.js'
import type { Codec } from '../wire/codec.js'
import { ENVELOPE, type Envelope } from '../wire/envelope.js'
import type { World } from '../world/world.js'
import type { Addressees } from './addressees.js'
import { Answers } from './answers.js'
import { CallAudit } from './call-audit.js'
import { Calls } from './calls.js'
import { Control } from './control.js'
import { GroupService } from './group-service.js'
import { Inbox, type InboxCounters } from './inbox.js'
import { MethodTables } from './method-tables.js'
import { Outbox } from './outbox.js'
import { PlacementHost } from './placement-host.js'
import { RefCodec } from './ref-codec.js'
import { Registry } from './registry.js'
import { type RemoteOptions, readRemoteOptions } from './remote-options.js'
import { type RemotePeer, RemotePeers } from './remote-peer.js'
import { RemotePlacements } from './remote-placement.js'
import { RemoteSpawn } from './remote-spawn.js'
import { Seeker } from './seeker.js'
import { SignalStreams } from './signal-streams.js'
import { Signals } from './signals.js'
import { WaitingAsks } from './waiting-asks.js'

export interface RemoteParts {
  readonly world: Pick<World, 'clock' | 'turn'>
  /** Its bonds are the `supervision`. */
  readonly system: ActorSystem
  readonly supervision: Supervision
  readonly carrier: Carrier
  /** The carrier's own; gets its port for refs here. */
  readonly codec: Codec
  readonly options?: Partial<RemoteOptions>
  readonly log?: Logger
}

/**
 * The actors of one node among those of others: plugs itself into the actor system, supervision and
 * codec, and is what the cluster hands envelopes and news to.
 */
export class Remote implements CarrierSink {
  readonly control: Control
  readonly registry: Registry
  readonly spawn: RemoteSpawn
  readonly groups: GroupService
  readonly #system: ActorSystem
  readonly #carrier: Carrier
  readonly #codec: Codec
  readonly #addressees: Addressees
  readonly #supervision: Supervision
  readonly #peers: RemotePeers
  readonly #calls: Calls
  readonly #inbox: Inbox
  readonly #audit: CallAudit
  readonly #streams: SignalStreams
  readonly #signals: Signals
  readonly #placements: RemotePlacements
  readonly #host: PlacementHost

  /** @throws TroupeError ERR_BAD_OPTION, ERR_BAD_DEFINITION for a class in `remoteSpawn` without `@actor` */
  constructor(parts: RemoteParts) {
    const { world, system, supervision, carrier, codec, log = silentLogger } = parts
    const options = readRemoteOptions(parts.options)
    const stacks = options.errorStacks
    const { askTimeoutMs, counters } = system
    const peers = new RemotePeers(carrier)
    const calls = new Calls(system.deadlines, counters, carrier, options.callsMax)
    const answers = new Answers(carrier, peers, counters, stacks, log)
    const seeker = new Seeker(carrier, codec, system.deadlines, counters)
    const control = new Control(carrier, peers, calls, seeker, askTimeoutMs, log)
    const tables = new MethodTables(control, world.clock)
    const { clock } = world
    const waiting = new WaitingAsks({ carrier, codec, clock, most: options.waitingMax })
    const outbox = new Outbox({
      system,
      carrier,
      peers,
      calls,
      tables,
      control,
      waiting,
      seeker,
      askTimeoutMs,
    })
    const { signalRetryMs: retryMs, signalGiveUpMs: giveUpMs, inboundMax } = options
    const timing = { retryMs, giveUpMs }
    const streams = new SignalStreams({ world, carrier, codec, peers, options: timing, log })
    const sink = supervision
    const of = { clock, system, peers, outbox, streams, seeker, control, sink, stacks }
    const signals = new Signals(of)
    this.control = control
    this.registry = new Registry(system, control)
    this.spawn = new RemoteSpawn(system, control, options.remoteSpawn)
    const { groupRetryMs, groupRefreshMs, membershipsMax } = options
    const ofGroups = { retryMs: groupRetryMs, refreshMs: groupRefreshMs, membershipsMax }
    this.groups = new GroupService({
      world,
      system,
      carrier,
      codec,
      control,
      outbox,
      options: ofGroups,
      log,
    })
    const classOf = (type: unknown) => this.spawn.classOf(type)
    this.#system = system
    this.#carrier = carrier
    this.#codec = codec
    this.#supervision = supervision
    this.#peers = peers
    this.#calls = calls
    this.#streams = streams
    this.#signals = signals
    this.#placements = new RemotePlacements({ carrier, peers, streams, supervision })
    this.#host = new PlacementHost({
      system,
      clock: world.clock,
      carrier,
      streams,
      orphanAfterMs: options.orphanAfterMs,
      classOf,
      stacks,
      log,
    })
    this.#inbox = new Inbox({
      system,
      carrier,
      codec,
      peers,
      calls,
      answers,
      control,
      signals: streams,
      inboundMax,
      log,
    })
    const inbox = this.#inbox
    this.#audit = new CallAudit(streams, peers, (peer, callId) => inbox.abort(peer, callId))
    const onGivenUp: Calls['onGivenUp'] = (incarnation, count) =>
      this.#audit.gaveUp(incarnation, count)
    calls.onGivenUp = onGivenUp
    codec.refs = new RefCodec(system, answers)
    system.outbound = outbox
    this.#addressees = outbox.addressees
    supervision.connect(signals, this.#placements, (target) =>
      typeof target === 'number' ? system.cell(target) : system.named(target),
    )
  }

  /** Envelopes received, and how many of them were refused. */
  get counters(): Readonly<InboxCounters> {
    return this.#inbox.counters
  }

  /** Asks under way, and children that run here for supervisors of other nodes. */
  get counts(): { readonly outbound: number; readonly inbound: number; readonly hosted: number } {
    let outbound = 0
    let inbound = 0
    for (const peer of this.#peers.values()) {
      outbound += peer.calls.size
      inbound += peer.inbound.size
    }
    return { outbound, inbound, hosted: this.#host.size }
  }

  /** What is known of an actor of another node, and the name of a method that travels there as an index. */
  described(
    node: string,
    to: number | string,
    method: number | string,
  ): { readonly ref: AnyRef; readonly method: string | undefined } {
    const incarnation = this.#carrier.member(node)?.incarnation ?? ''
    const { type, method: name } = this.#addressees.describe(incarnation, to, method)
    const known = type !== '?' && name !== String(method)
    const ref = this.#refTo(node, incarnation, type, to)
    return { ref, method: known || typeof method === 'string' ? name : undefined }
  }

  // from the cluster

  envelope(from: Member, channel: number, envelope: Envelope, again = false): boolean {
    return this.#inbox.receive(from, channel, envelope, again)
  }

  nodeUp(node: Member): void {
    const known = this.#peers.present(node.name)
    if (known !== undefined && known.incarnation !== node.incarnation) {
      const detail = `node ${node.name} was started anew`
      this.#down(known, new TroupeError('ERR_NODE_DOWN', detail, { data: { node: node.name } }))
    }
    const peer = this.#peers.nodeUp(node)
    this.#streams.nodeUp(peer)
    this.#signals.nodeUp(peer)
    this.groups.nodeUp(node)
    this.#supervision.placements.nodeUp(peer.place)
    this.#placements.nodeUp(peer)
    this.#host.nodeUp(peer)
    this.#audit.check(peer)
    this.membersChanged()
  }

  nodeDown(node: Member, reason: TroupeError): void {
    const peer = this.#peers.nodeDown(node)
    if (peer !== undefined) this.#down(peer, reason)
    this.groups.nodeDown(node)
    this.membersChanged()
  }

  holds({ name, incarnation }: Member): boolean {
    const peer = this.#peers.present(name)
    if (peer !== undefined && peer.incarnation === incarnation) return this.#holds(peer)
    return this.#supervision.holds({ node: name, incarnation })
  }

  forgotten(node: Member): void {
    const peer = this.#peers.present(node.name)
    if (peer?.incarnation !== node.incarnation) return
    peer.streamTimer?.cancel()
    peer.streamTimer = undefined
    this.#peers.forget(peer)
    this.groups.nodeDown(node)
    this.#supervision.placements.membersChanged()
  }

  /** What was written to a connection that broke may be lost: to be called at each such event of the cluster. */
  connectionLost(peer: Member): void {
    this.#audit.check(peer)
  }

  /** Members joined or left: to be called at each such event of the cluster. */
  membersChanged(): void {
    for (const peer of [...this.#peers.values()]) {
      const member = this.#carrier.member(peer.name)
      if (peer.up || member?.incarnation === peer.incarnation) continue
      if (member === undefined && this.#carrier.partial) {
        if (!this.#holds(peer)) this.#peers.forget(peer)
        continue
      }
      // It was never in reach, so that the cluster did not report it as down.
      this.#down(peer, new TroupeError('ERR_LEFT', `node ${peer.name} is no member any more`))
    }
    this.#host.membersChanged()
    this.#supervision.placements.membersChanged()
  }

  /** What was accepted and never written: asks fail, tells are dead letters, signals are sent again. */
  undelivered(node: Member, _channel: string, envelope: Envelope, reason: TroupeError): void {
    switch (envelope.kind) {
      case ENVELOPE.TELL:
        this.#deadLetter(node, envelope, reason.code)
        return
      case ENVELOPE.ASK:
      case ENVELOPE.CONTROL: {
        // A question that expired was for the sake of its deadline, and that is its own business.
        if (reason.code === 'ERR_EXPIRED') return
        const peer = this.#peers.present(node.name)
        if (peer?.incarnation === node.incarnation) {
          this.#calls.undelivered(peer, envelope.callId, reason)
        }
        return
      }
      default:
    }
  }

  /**
   * Resolves when the other nodes have heard how this node's actors ended, at the latest after
   * `timeoutMs`. To be awaited before goodbye is said, which may overtake what was written before.
   */
  drain(timeoutMs: number): Promise<void> {
    return this.#streams.drain(timeoutMs)
  }

  /** The node stops: no timer is left, asks under way fail, placed children are not kept for a restart. */
  close(): void {
    this.#host.close()
    this.groups.close()
    const reason = new TroupeError('ERR_NODE_STOPPED', `${this.#system.nodeName} stops`)
    for (const peer of this.#peers.values()) {
      for (const call of [...peer.calls.values()]) this.#calls.refuse(call, reason)
    }
    this.#signals.close()
    this.#streams.close()
  }

  #holds(peer: RemotePeer): boolean {
    if (peer.calls.size > 0 || peer.inbound.size > 0) return true
    if (peer.stream?.owes) return true
    return this.#supervision.holds(peer.place) || this.#host.holds(peer.incarnation)
  }

  #down(peer: RemotePeer, reason: TroupeError): void {
    const { name, incarnation } = peer
    this.#peers.nodeDown({ name, incarnation, generation: 0, addresses: [], tags: [] })
    this.#calls.nodeDown(peer, reason)
    for (const call of [...peer.inbound.values()]) call.abandon(reason)
    this.#streams.nodeDown(peer, reason)
    this.#supervision.placements.nodeDown(peer.place)
  }

  /** What waited on a lane is encoded. */
  #argsOf({ body }: Envelope): readonly unknown[] {
    try {
      return body === undefined ? [] : this.#codec.decodeArgs(body)
    } catch {
      return []
    }
  }

  #deadLetter(node: Member, envelope: Envelope, code: ErrorCode): void {
    const { to, args } = envelope
    const { incarnation } = node
    const { type, method } = this.#addressees.describe(incarnation, to, envelope.method)
    const ref = this.#refTo(node.name, incarnation, type, to)
    this.#system.deadLetter(ref, method, args ?? this.#argsOf(envelope), code)
  }

  #refTo(node: string, incarnation: string, type: string, to: number | string): AnyRef {
    const known = typeof to === 'number' && incarnation !== ''
    const id = known ? actorId(incarnation, to) : undefined
    const name = typeof to === 'string' ? to : undefined
    return this.#system.refAt({ node, type, id, name })
  }
}

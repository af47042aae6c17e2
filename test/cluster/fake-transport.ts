import type { Member } from '../../src/overlay/overlay.js'
import { ChannelTable } from '../../src/peer/channel-table.js'
import {
  SENT,
  type SendOutcome,
  type Transport,
  type TransportStats,
} from '../../src/peer/transport.js'
import type { Address } from '../../src/world/network.js'

/** A transport that does nothing but write down what was asked of it, and answers as told. */
export class FakeTransport implements Transport {
  readonly addresses: readonly Address[] = [{ host: 'me', port: 1 }]
  readonly channels = new ChannelTable()
  readonly calls: string[] = []
  readonly connected = new Set<string>()
  /** Answers of `introduce`, in order; the last one stays. */
  introductions: (Member | Error)[] = []
  /** Answers of `probe`. */
  alive = false
  introduced = 0

  async start(): Promise<void> {}

  async introduce(): Promise<Member> {
    this.introduced++
    const [answer] = this.introductions
    if (this.introductions.length > 1) this.introductions.shift()
    if (answer === undefined) return new Promise(() => {})
    if (answer instanceof Error) throw answer
    return answer
  }

  connect(peer: Member): void {
    this.calls.push(`connect ${peer.name}`)
  }

  disconnect(peer: string, reason: string): void {
    this.calls.push(`disconnect ${peer}: ${reason}`)
  }

  release(peer: string): void {
    this.calls.push(`release ${peer}`)
  }

  giveUp(peer: Member): void {
    this.calls.push(`give up ${peer.name}`)
  }

  isUp(peer: string): boolean {
    return this.connected.has(peer)
  }

  send(peer: string): SendOutcome {
    this.calls.push(`send ${peer}`)
    return SENT
  }

  sendControl(peer: string, kind: number, body: Uint8Array): SendOutcome {
    this.calls.push(`control ${peer} ${kind} ${body.length > 0}`)
    return SENT
  }

  async ready(): Promise<void> {}

  withhold(): void {}

  rttMs(): number | undefined {
    return undefined
  }

  async probe(): Promise<boolean> {
    return this.alive
  }

  async stop(): Promise<void> {}

  stats(): TransportStats {
    return {
      connections: 0,
      refused: {},
      lag: { lastMs: 0, mostMs: 0, reported: 0 },
      peers: [],
      channels: [],
      lanes: [],
    }
  }
}

import { codeOf, TroupeError } from '../base/errors.js'
import type { Address, Connection } from '../world/network.js'
import { Greeter, type GreeterHost } from './greeter.js'
import type { Greeting, Outcome, Purpose } from './greeting.js'
import type { PeerContext } from './peer-context.js'

export interface DialHost {
  /** What the connection is for, now that it is known which incarnation is there; undefined: it is not wanted any more. */
  purpose(dial: Dial, incarnation: string): Purpose | undefined
  /** With OPEN the stream of `greeter` must be handed on or closed, at once; else it is closed already. */
  ended(dial: Dial, outcome: Outcome, greeting: Greeting, greeter: Greeter, holder: string): void
  failed(dial: Dial, error: TroupeError): void
}

/** One attempt to reach a node at one address. Reports one end, and none after `cancel`. */
export class Dial implements GreeterHost {
  readonly address: Address
  /** This node's clock at the proof it sent; 0 before. */
  clock = 0
  readonly #context: PeerContext
  readonly #expected: string
  readonly #host: DialHost
  #greeter: Greeter | undefined
  #over = false

  /** `expected` is the name of the node that should be there, '' when nobody knows. */
  constructor(
    context: PeerContext,
    address: Address,
    expected: string,
    host: DialHost,
    timeoutMs = Number.POSITIVE_INFINITY,
  ) {
    this.#context = context
    this.address = address
    this.#expected = expected
    this.#host = host
    const { connections, options, world, tls } = context
    if (connections.size >= options.maxConnections) {
      const detail = `${connections.size} connections are open, maxConnections is ${options.maxConnections}`
      world.turn.micro(() => this.#fail(new TroupeError('ERR_TOO_MANY_CONNECTIONS', detail)))
      return
    }
    const connectMs = Math.min(options.connectTimeoutMs, timeoutMs)
    const how = tls === undefined ? { timeoutMs: connectMs } : { timeoutMs: connectMs, tls }
    const greetMs = Math.min(options.handshakeTimeoutMs, timeoutMs)
    world.network.connect(address, how).then(
      (connection) => this.#connected(connection, greetMs),
      (error: unknown) => this.#fail(asConnectError(error, address)),
    )
  }

  /** Gives up without a report. */
  cancel(): void {
    this.#over = true
    this.#greeter?.cancel()
  }

  challenged(greeter: Greeter, incarnation: string): void {
    const purpose = this.#host.purpose(this, incarnation)
    if (purpose === undefined) {
      this.cancel()
      return
    }
    this.clock = this.#context.nextClock()
    greeter.ask(purpose, greetingOf(this.#context, this.clock))
  }

  proven(): void {}

  ended(greeter: Greeter, outcome: Outcome, greeting: Greeting, holder: string): void {
    if (this.#over) {
      greeter.stream.abort()
      return
    }
    this.#over = true
    this.#host.ended(this, outcome, greeting, greeter, holder)
  }

  failed(_greeter: Greeter, error: TroupeError): void {
    this.#fail(error)
  }

  #connected(connection: Connection, timeoutMs: number): void {
    if (this.#over) {
      connection.destroy()
      return
    }
    this.#greeter = new Greeter(
      this.#context,
      connection,
      this,
      'dialler',
      this.#expected,
      timeoutMs,
    )
  }

  #fail(error: TroupeError): void {
    if (this.#over) return
    this.#over = true
    this.#host.failed(this, error)
  }
}

/** How this node introduces itself. */
export const greetingOf = (context: PeerContext, clock: number): Greeting => ({
  member: context.self,
  overlay: context.overlay,
  channels: context.table.offer(),
  credit: context.table.creditOffer(),
  clock,
  maxMessageBytes: context.options.maxMessageBytes,
})

export const showAddress = (at: Address): string =>
  at.host.includes(':') ? `[${at.host}]:${at.port}` : `${at.host}:${at.port}`

const asConnectError = (error: unknown, address: Address): TroupeError =>
  error instanceof TroupeError && codeOf(error) !== undefined
    ? error
    : new TroupeError('ERR_CONNECT', `cannot connect to ${showAddress(address)}`, { cause: error })

import type { TroupeError } from '../base/errors.js'

/** A host (name, IPv4 or IPv6 without brackets) and a TCP port. */
export interface Address {
  readonly host: string
  readonly port: number
}

/** PEM texts. With `ca` the other side must present a certificate that it signed (mTLS). */
export interface TlsOptions {
  readonly key?: string
  readonly cert?: string
  readonly ca?: string
  /** The name expected in the server's certificate; default: the host dialled. */
  readonly serverName?: string
}

/** Byte streams between nodes: in order, whole or broken, as TCP gives them. */
export interface Network {
  /**
   * Resolves when the address is bound; port 0 takes a free one.
   * @throws TroupeError ERR_ADDRESS_IN_USE, ERR_BAD_ADDRESS
   */
  listen(
    at: Address,
    accept: (connection: Connection) => void,
    tls?: TlsOptions,
    turnedAway?: TurnedAway,
  ): Promise<Listener>
  /**
   * Resolves once the connection stands (TLS included).
   * @throws TroupeError ERR_CONNECT, also after `timeoutMs`
   */
  connect(to: Address, options: { timeoutMs: number; tls?: TlsOptions }): Promise<Connection>
}

/** Hears of those who dialled and did not get as far as `accept`. */
export type TurnedAway = (remote: string, error: TroupeError) => void

export interface Listener {
  readonly address: Address
  /** Where others can dial it, best first: more than `address` when it listens on all interfaces. */
  readonly addresses: readonly Address[]
  /** Stops accepting; connections that stand are left alone. */
  close(): Promise<void>
}

export interface Connection {
  /** The other end as text, for logs only. */
  readonly remote: string
  /** True when the other end is known to be on this machine. */
  readonly sameHost?: boolean
  /** Bytes taken by `write` that the kernel has not taken yet. 0: the line is not the bottleneck. */
  readonly unsentBytes: number
  /** Must be called once, synchronously after the connection is handed over; data flows from then on. */
  attach(handler: ConnectionHandler): void
  /** Queues bytes, which must not change afterwards. False: wait for `onDrain`, though these were taken. On a closed connection nothing happens, and it returns false. */
  write(bytes: Uint8Array): boolean
  /** Between cork and uncork writes are gathered into one. */
  cork(): void
  uncork(): void
  /** Stops and starts the flow of `onData`: back-pressure towards the sender. */
  pause(): void
  resume(): void
  /** Sends what is queued, then closes. What still arrives is dropped. */
  end(): void
  /** Closes at once. `onClose` still follows, once. */
  destroy(): void
}

export interface ConnectionHandler {
  /** The bytes are the handler's to keep: nobody writes to them again. */
  onData(bytes: Uint8Array): void
  /**
   * Memory the next bytes belong in, at least one byte of it; undefined: they come by `onData`. A
   * network that can reads straight into it and calls `filled`; others never ask. Must not throw.
   */
  room?(): Uint8Array | undefined
  /** So many bytes were read into what `room` gave last. */
  filled?(bytes: number): void
  onDrain(): void
  /** Once, last. `error` is absent for an orderly close. */
  onClose(error?: Error): void
}

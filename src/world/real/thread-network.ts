import { MessageChannel, type MessagePort } from 'node:worker_threads'
import type { Address, Connection, Listener, Network, TlsOptions, TurnedAway } from '../network.js'
import { runOutside } from './outside.js'
import { dialled, refused, taken } from './port-dial.js'
import { tcpNetwork } from './tcp-network.js'
import { type LineMessage, ThreadLine } from './thread-line.js'

type Accept = (connection: Connection) => void

/** How a thread calls the one that started it. */
const PARENT = 'parent'
/** Addresses that one thread may listen on: more are dialled over TCP. */
const DOORS_MAX = 1024

/**
 * TCP; but where an address is that of a listener in another thread of this process, a MessagePort
 * takes its place. A thread knows the listeners of the threads it has started, and asks the one that
 * started it for others: so no other network has to be chosen, and no address means something else.
 *
 * Memory of one process needs no TLS: it is left out on ports, cookies are proved all the same.
 */
export class ThreadNetwork implements Network {
  readonly #outside: Network
  /** Who listens in this thread, by address as text. */
  readonly #doors = new Map<string, Accept>()
  /** Which thread, of those started from here, listens where. */
  readonly #threads = new Map<string, ThreadLine>()
  readonly #doorsOf = new Map<ThreadLine, Set<string>>()
  /** To the thread that started this one. */
  #up: ThreadLine | undefined
  readonly #noting = new Map<number, () => void>()
  #notes = 0
  #calls = 0

  constructor(outside: Network = tcpNetwork) {
    this.#outside = outside
  }

  listen(
    at: Address,
    accept: Accept,
    tls?: TlsOptions,
    turnedAway?: TurnedAway,
  ): Promise<Listener> {
    return this.#listen([], at, accept, tls, turnedAway)
  }

  connect(to: Address, options: { timeoutMs: number; tls?: TlsOptions }): Promise<Connection> {
    return runOutside(() => this.#connect(to, options))
  }

  /** The same network; who listens through it is known by these addresses too, such as one outside of a NAT. */
  knownAs(addresses: readonly Address[]): Network {
    return {
      listen: (at, accept, tls, turnedAway) => this.#listen(addresses, at, accept, tls, turnedAway),
      connect: (to, options) => this.connect(to, options),
    }
  }

  // threads

  /** A thread that is being started from here: it gets the port, for `joinParent`. */
  addThread(name: string): MessagePort {
    const { port1, port2 } = new MessageChannel()
    const line = new ThreadLine(
      name,
      port1,
      (message) => this.#fromThread(message, line),
      () => this.#forget(line),
    )
    this.#doorsOf.set(line, new Set())
    return port2
  }

  /** Once, in a thread, with the port its starter has made for it. */
  joinParent(port: MessagePort): void {
    this.#up = new ThreadLine(PARENT, port, (message) => this.#fromParent(message))
  }

  #fromThread(message: LineMessage, line: ThreadLine): void {
    switch (message.type) {
      case 'listens':
        this.#note(message.at, line)
        line.send({ type: 'noted', id: message.id })
        break
      case 'rests':
        for (const address of message.at) {
          if (this.#threads.get(address) !== line) continue
          this.#threads.delete(address)
          this.#doorsOf.get(line)?.delete(address)
        }
        break
      case 'call':
        this.#called(message.to, `${line.name}:${message.from}`, message.port)
        break
      default: // only a parent takes notes
    }
  }

  #fromParent(message: LineMessage): void {
    if (message.type === 'noted') {
      this.#noting.get(message.id)?.()
      this.#noting.delete(message.id)
    } else if (message.type === 'call') {
      const accept = this.#doors.get(message.to)
      if (accept === undefined) refused(message.port, true)
      else accept(taken(message.port, message.from))
    }
  }

  #called(to: string, from: string, port: MessagePort): void {
    const accept = this.#doors.get(to)
    const thread = this.#threads.get(to)
    if (accept !== undefined) accept(taken(port, from))
    else if (thread !== undefined) thread.send({ type: 'call', to, from, port })
    else refused(port, false)
  }

  #note(at: readonly string[], line: ThreadLine): void {
    const doors = this.#doorsOf.get(line)
    for (const address of at) {
      if (doors === undefined || doors.size >= DOORS_MAX) return
      this.#threads.set(address, line)
      doors.add(address)
    }
  }

  #forget(line: ThreadLine): void {
    for (const address of this.#doorsOf.get(line) ?? []) {
      if (this.#threads.get(address) === line) this.#threads.delete(address)
    }
    this.#doorsOf.delete(line)
  }

  // listening

  async #listen(
    alias: readonly Address[],
    at: Address,
    accept: Accept,
    tls: TlsOptions | undefined,
    turnedAway: TurnedAway | undefined,
  ): Promise<Listener> {
    const take: Accept = (connection) => runOutside(() => accept(connection))
    const listener = await this.#outside.listen(at, accept, tls, turnedAway)
    const doors = [...reachedAt(listener, at.host), ...alias].map(textOf)
    for (const door of doors) this.#doors.set(door, take)
    await this.#tellParent(doors)
    return {
      address: listener.address,
      addresses: listener.addresses,
      close: async () => {
        const mine = doors.filter((door) => this.#doors.get(door) === take)
        for (const door of mine) this.#doors.delete(door)
        if (mine.length > 0) this.#up?.send({ type: 'rests', at: mine })
        await listener.close()
      },
    }
  }

  /** Resolves when others find this listener. */
  async #tellParent(at: readonly string[]): Promise<void> {
    const up = this.#up
    if (up === undefined) return
    await new Promise<void>((resolve) => {
      const id = this.#notes++
      this.#noting.set(id, resolve)
      up.send({ type: 'listens', at, id })
    })
  }

  // dialling

  async #connect(
    to: Address,
    options: { timeoutMs: number; tls?: TlsOptions },
  ): Promise<Connection> {
    const text = textOf(to)
    const line = this.#doors.has(text) ? undefined : (this.#threads.get(text) ?? this.#up)
    if (line !== undefined) {
      const { port1, port2 } = new MessageChannel()
      const number = ++this.#calls
      const from = line === this.#up ? `${number}` : `${PARENT}:${number}`
      line.send({ type: 'call', to: text, from, port: port2 })
      const connection = await dialled(port1, text, options.timeoutMs)
      if (connection !== undefined) return connection
    }
    return this.#outside.connect(to, options)
  }
}

/** The network of this thread. */
export const threadNetwork = new ThreadNetwork()

/** Where a listener is found from within this machine. */
function reachedAt(listener: Listener, host: string): readonly Address[] {
  const { address, addresses } = listener
  const loopback = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return [...addresses, { host: loopback, port: address.port }]
}

const textOf = ({ host, port }: Address): string => `${host}:${port}`

import { TroupeError } from '../base/errors.js'
import type { Address, Connection, Listener, Network, TlsOptions } from '../world/network.js'
import type { Agenda } from './agenda.js'
import { Dial } from './dial.js'
import { Draws } from './draws.js'
import type { Links, Way } from './links.js'
import { Pipe } from './pipe.js'
import type { Life, SimHost } from './sim-host.js'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1'])
const ANY = new Set(['0.0.0.0', '::'])

/** What all hosts share: who is there, the ways between them, and what has been dialled. */
export class Wires {
  readonly agenda: Agenda
  readonly links: Links
  readonly hosts = new Map<string, SimHost>()
  readonly #seed: string
  readonly #windowBytes: number
  readonly #dialled = new Map<string, number>()

  constructor(agenda: Agenda, links: Links, seed: string, windowBytes: number) {
    this.agenda = agenda
    this.links = links
    this.#seed = seed
    this.#windowBytes = windowBytes
  }

  /** Both directions of a new connection; each draws by its own label. */
  pipes(from: string, to: string, port: number): [there: Pipe, back: Pipe] {
    const way = `${from}>${to}:${port}`
    const ordinal = (this.#dialled.get(way) ?? 0) + 1
    this.#dialled.set(way, ordinal)
    const thither = this.links.way(from, to)
    const hither = this.links.way(to, from)
    return [
      this.#pipe(thither, hither, to, `${way}#${ordinal}`),
      this.#pipe(hither, thither, from, `${to}:${port}>${from}#${ordinal}`),
    ]
  }

  #pipe(way: Way, back: Way, to: string, label: string): Pipe {
    const draws = new Draws(this.agenda, this.#seed, label)
    return new Pipe(this.agenda, way, back, draws, to, label, this.#windowBytes)
  }
}

/** The network as one incarnation of a host has it. */
export class SimNetwork implements Network {
  readonly #wires: Wires
  readonly #life: Life

  constructor(wires: Wires, life: Life) {
    this.#wires = wires
    this.#life = life
  }

  listen(
    at: Address,
    accept: (connection: Connection) => void,
    tls?: TlsOptions,
  ): Promise<Listener> {
    const { host } = this.#life
    if (!this.#life.alive) return new Promise(() => {})
    const bad = badAddress(at, host.name)
    if (bad !== undefined) return Promise.reject(bad)
    const port = at.port === 0 ? host.freePort() : at.port
    if (host.listeners.has(port)) {
      const detail = `another program listens on ${at.host}:${port}`
      return Promise.reject(new TroupeError('ERR_ADDRESS_IN_USE', detail))
    }
    const address = { host: at.host, port }
    const listener = new SimListener(this.#wires.agenda, this.#life, address, accept, tls)
    host.listeners.set(port, listener)
    return listener.event(() => listener)
  }

  connect(to: Address, options: { timeoutMs: number; tls?: TlsOptions }): Promise<Connection> {
    if (!this.#life.alive) return new Promise(() => {})
    const { timeoutMs, tls } = options
    return new Promise((resolve, reject) => {
      const settle = { resolve, reject }
      new Dial(this.#wires, this.#life, to, this.#hostOf(to), timeoutMs, tls, settle)
    })
  }

  #hostOf(to: Address): SimHost | undefined {
    const own = LOOPBACK.has(to.host) || ANY.has(to.host)
    return own ? this.#life.host : this.#wires.hosts.get(to.host)
  }
}

/** A bound port. */
export class SimListener implements Listener {
  readonly address: Address
  readonly addresses: readonly Address[]
  readonly life: Life
  readonly secure: boolean
  readonly accept: (connection: Connection) => void
  readonly #agenda: Agenda

  constructor(
    agenda: Agenda,
    life: Life,
    address: Address,
    accept: (connection: Connection) => void,
    tls: TlsOptions | undefined,
  ) {
    this.#agenda = agenda
    this.life = life
    this.address = address
    this.addresses = [ANY.has(address.host) ? { ...address, host: life.name } : address]
    this.accept = accept
    this.secure = tls !== undefined
  }

  get open(): boolean {
    return this.life.alive && this.life.host.listeners.get(this.address.port) === this
  }

  /** True when somebody on that host reaches this port: loopback is for the own host. */
  reachableFrom(host: string): boolean {
    return this.open && (host === this.life.name || !LOOPBACK.has(this.address.host))
  }

  close(): Promise<void> {
    if (this.open) this.life.host.listeners.delete(this.address.port)
    return this.event(() => {})
  }

  /** Resolves in an event of its own. */
  event<T>(value: () => T): Promise<T> {
    const label = `${this.life.name}:${this.address.port}`
    return new Promise((resolve) => {
      this.#agenda.schedule(0, 'listening', this.life, label, () => resolve(value()))
    })
  }
}

function badAddress(at: Address, own: string): TroupeError | undefined {
  const fine = Number.isInteger(at.port) && at.port >= 0 && at.port <= 65_535
  const mine = at.host === own || LOOPBACK.has(at.host) || ANY.has(at.host)
  if (fine && mine) return undefined
  const reason = fine ? `this host is ${own}` : 'not a port'
  return new TroupeError('ERR_BAD_ADDRESS', `cannot listen on ${at.host}:${at.port}: ${reason}`)
}

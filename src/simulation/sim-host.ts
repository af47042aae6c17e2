import type { Agenda, SimEvent } from './agenda.js'
import { Draws } from './draws.js'
import type { GuardedHost } from './guards/slot.js'
import { HostClock } from './host-clock.js'
import type { SimConnection } from './sim-connection.js'
import type { SimListener } from './sim-network.js'
import { SimDisk } from './sim-store.js'

const FIRST_FREE_PORT = 49_152
const LAST_PORT = 65_535

/** A simulated machine. It outlives the programs that run on it, one after another. */
export class SimHost {
  readonly name: string
  readonly clock = new HostClock()
  readonly disk = new SimDisk()
  /** For its disk. */
  readonly draws: Draws
  readonly listeners = new Map<number, SimListener>()
  readonly connections = new Set<SimConnection>()
  /** What is due while the host is paused. */
  readonly aside: SimEvent[] = []
  /** Connections of an earlier life that were spoken to while the machine was off. */
  readonly orphans = new Set<SimConnection>()
  /** False while the machine has no power. */
  on = true
  /** The program is stopped, its kernel is not (SIGSTOP). */
  paused = false
  life: Life
  #lastPort = FIRST_FREE_PORT - 1

  constructor(name: string, agenda: Agenda, seed: string) {
    this.name = name
    this.draws = new Draws(agenda, seed, `host ${name}`)
    this.life = new Life(this, 1)
  }

  freePort(): number {
    do {
      this.#lastPort = this.#lastPort < LAST_PORT ? this.#lastPort + 1 : FIRST_FREE_PORT
    } while (this.listeners.has(this.#lastPort))
    return this.#lastPort
  }
}

/** One run of a program on a host. Nothing of it happens after its end. */
export class Life {
  readonly host: SimHost
  /** 1 for the first. */
  readonly number: number
  alive = true
  /** What stands for the globals while it runs. */
  guarded: GuardedHost | undefined = undefined

  constructor(host: SimHost, number: number) {
    this.host = host
    this.number = number
  }

  get name(): string {
    return this.host.name
  }
}

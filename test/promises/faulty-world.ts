import type { Timer } from '../../src/world/clock.js'
import type { Address, Connection, ConnectionHandler, Listener } from '../../src/world/network.js'
import type { World } from '../../src/world/world.js'

/** A world whose network can be broken and whose program can be killed, whatever lies beneath. */
export class FaultyWorld {
  readonly world: World
  readonly #dialled = new Set<Line>()
  readonly #accepted = new Set<Line>()
  readonly #listeners = new Set<Listener>()
  readonly #cuts = new Set<string>()
  /** Those that may still fire; cancelled ones stay until the end of the test. */
  readonly #timers = new Set<Timer>()
  #alive = true

  constructor(base: World) {
    const { clock, turn, network } = base
    const guarded = (run: () => void) => () => {
      if (this.#alive) run()
    }
    this.world = {
      ...base,
      clock: {
        now: () => clock.now(),
        wallMs: () => clock.wallMs(),
        after: (delayMs, run, background) => {
          const timer = clock.after(
            delayMs,
            guarded(() => {
              this.#timers.delete(timer)
              run()
            }),
            background,
          )
          this.#timers.add(timer)
          return timer
        },
      },
      turn: {
        micro: (run) => turn.micro(guarded(run)),
        immediate: (run) => turn.immediate(guarded(run)),
        workedMs: () => turn.workedMs(),
      },
      network: {
        listen: async (at, accept, tls, turnedAway) => {
          const taken = (connection: Connection) => {
            if (this.#alive) accept(this.#line(connection, this.#accepted))
            else connection.destroy()
          }
          const listener = await network.listen(at, taken, tls, turnedAway)
          this.#listeners.add(listener)
          return listener
        },
        connect: async (to, options) => {
          const connection = await network.connect(to, options)
          if (!this.#alive) return dead(connection)
          const line = this.#line(connection, this.#dialled, to)
          if (this.#cuts.has(textOf(to))) line.cut()
          return line
        },
      },
    }
  }

  /** Breaks every connection that was dialled to that address. */
  reset(to: Address): void {
    for (const line of this.#dialled) if (line.leadsTo(to)) line.destroy()
  }

  /** Lets nothing through on connections dialled to that address, now and later; nothing is lost. */
  cut(to: Address): void {
    this.#cuts.add(textOf(to))
    for (const line of this.#dialled) if (line.leadsTo(to)) line.cut()
  }

  mend(to: Address): void {
    this.#cuts.delete(textOf(to))
    for (const line of this.#dialled) if (line.leadsTo(to)) line.mend()
  }

  /** As SIGKILL: the kernel closes what was open, nothing of the program runs any more. */
  async kill(): Promise<void> {
    this.#alive = false
    for (const timer of this.#timers) timer.cancel()
    for (const line of [...this.#dialled, ...this.#accepted]) line.kill()
    await Promise.all([...this.#listeners].map((listener) => listener.close()))
    await this.world.store?.close()
  }

  #line(connection: Connection, among: Set<Line>, to?: Address): Line {
    if (!this.#alive) connection.destroy() // it was under way when the program was killed
    const line = new Line(connection, to === undefined ? '' : textOf(to), () => among.delete(line))
    among.add(line)
    return line
  }
}

/** A connection in two directions that can be cut: what is sent waits, as TCP keeps retransmitting. */
class Line implements Connection {
  readonly #base: Connection
  readonly #to: string
  readonly #gone: () => void
  #handler: ConnectionHandler | undefined
  #isCut = false
  #pausedByUser = false
  #waiting: (() => void)[] = []

  constructor(base: Connection, to: string, gone: () => void) {
    this.#base = base
    this.#to = to
    this.#gone = gone
  }

  get remote(): string {
    return this.#base.remote
  }

  get unsentBytes(): number {
    return this.#base.unsentBytes
  }

  leadsTo(to: Address): boolean {
    return this.#to === textOf(to)
  }

  attach(handler: ConnectionHandler): void {
    this.#handler = handler
    this.#base.attach({
      onData: (bytes) => this.#handler?.onData(bytes),
      onDrain: () => this.#handler?.onDrain(),
      onClose: (error) => {
        this.#gone()
        this.#handler?.onClose(error)
      },
    })
    if (this.#isCut) this.#base.pause()
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#isCut) return this.#base.write(bytes)
    this.#waiting.push(() => void this.#base.write(bytes))
    return true
  }

  cork(): void {
    if (!this.#isCut) this.#base.cork()
  }

  uncork(): void {
    if (!this.#isCut) this.#base.uncork()
  }

  pause(): void {
    this.#pausedByUser = true
    this.#base.pause()
  }

  resume(): void {
    this.#pausedByUser = false
    if (!this.#isCut) this.#base.resume()
  }

  end(): void {
    if (this.#isCut) this.#closeLater(() => this.#base.end())
    else this.#base.end()
  }

  destroy(): void {
    if (this.#isCut) this.#closeLater(() => this.#base.destroy())
    else this.#base.destroy()
  }

  cut(): void {
    this.#isCut = true
    this.#base.pause()
  }

  mend(): void {
    this.#isCut = false
    for (const run of this.#waiting.splice(0)) run()
    if (!this.#pausedByUser) this.#base.resume()
  }

  kill(): void {
    this.#handler = undefined
    this.#base.destroy()
  }

  /** This end is closed now; the other hears of it when the line is mended. */
  #closeLater(close: () => void): void {
    const handler = this.#handler
    this.#handler = undefined
    this.#waiting.push(close)
    queueMicrotask(() => handler?.onClose())
  }
}

/** It was under way when the program was killed, which never hears of it. */
function dead(connection: Connection): Promise<never> {
  connection.destroy()
  return new Promise(() => {})
}

const textOf = ({ host, port }: Address): string => `${host}:${port}`

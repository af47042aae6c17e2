import { Actor, type ActorRef, actor } from 'troupe'
import type { Match } from './match.js'

export interface Opened {
  readonly board: number
  readonly match: ActorRef<Match>
  readonly node: string
  /** Moves that were told again by the players: more than 0 after a crash or a lost node. */
  readonly rebuilt: number
}

/** Knows which matches are open, and where. */
@actor('night/lobby')
export class Lobby extends Actor<{ readonly onOpened: (opened: Opened) => void }> {
  readonly #open = new Map<number, Opened>()
  #closed = 0

  opened(opened: Opened): void {
    this.#open.set(opened.board, opened)
    this.args.onOpened(opened)
  }

  closed(board: number): void {
    this.#open.delete(board)
    this.#closed++
  }

  /** How many matches were counted, and which are open. */
  state(): { closed: number; open: Opened[] } {
    return { closed: this.#closed, open: [...this.#open.values()] }
  }
}

/** Asks for replays as long as there are matches: big answers beside small moves. */
@actor('night/spectator')
export class Spectator extends Actor<{ readonly lobby: () => ActorRef<Lobby> }> {
  #replays = 0
  #bytes = 0

  override onStart(): void {
    this.every(20, () => this.#watchOne())
  }

  seen(): { replays: number; bytes: number } {
    return { replays: this.#replays, bytes: this.#bytes }
  }

  async #watchOne(): Promise<void> {
    const { open } = await this.args.lobby().ask.state()
    if (open.length === 0) return
    const { match } = this.node.random.pick(open)
    const replay = await match
      .with({ timeoutMs: 1_000 })
      .ask.replay()
      .catch(() => undefined)
    if (!replay) return // that match has just ended, or its node was lost
    this.#replays++
    this.#bytes += replay.byteLength
  }
}

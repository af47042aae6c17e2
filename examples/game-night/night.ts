import {
  type ActorRef,
  child,
  DynamicSupervisor,
  dynamic,
  leastLoaded,
  oneForOne,
  Supervisor,
  template,
} from 'troupe'
import type { Outcome } from './connect-four.js'
import { Lobby, type Opened, Spectator } from './lobby.js'
import { Match } from './match.js'
import { Player } from './player.js'
import { Counter, Scoreboard } from './scoreboard.js'

export interface NightArgs {
  readonly onOpened: (opened: Opened) => void
}

/** All matches, spread over all nodes. A match that crashes or loses its node comes back. */
export class Matches extends DynamicSupervisor<Match> {
  override readonly strategy = dynamic({ maxRestarts: 1_000, withinMs: 5_000 })
  override children() {
    return [template('match', Match, { restart: 'transient', on: leastLoaded })]
  }
}

export class Players extends DynamicSupervisor<Player> {
  override children() {
    return [template('player', Player)]
  }
}

const OUTCOMES: readonly Outcome[] = ['red', 'yellow', 'draw']

export class Counters extends Supervisor {
  override readonly strategy = oneForOne()
  override children() {
    return OUTCOMES.map((outcome) => child(outcome, Counter, { name: `wins/${outcome}` }))
  }
}

/** The root of the night. */
export class Night extends Supervisor<NightArgs> {
  override readonly strategy = oneForOne({ maxRestarts: 3, withinMs: 5_000 })

  override children() {
    const lobby = (): ActorRef<Lobby> => this.node.lookup(Lobby, 'lobby')
    const counter = (name: Outcome) => () => this.node.lookup(Counter, `wins/${name}`)
    const counters = { red: counter('red'), yellow: counter('yellow'), draw: counter('draw') }
    return [
      child('lobby', Lobby, { name: 'lobby', args: { onOpened: this.args.onOpened } }),
      child('counters', Counters),
      child('scoreboard', Scoreboard, { name: 'scoreboard', args: { lobby, counters } }),
      child('players', Players, { name: 'players' }),
      child('matches', Matches, { name: 'matches' }),
      child('spectator', Spectator, { name: 'spectator', args: { lobby } }),
    ]
  }
}

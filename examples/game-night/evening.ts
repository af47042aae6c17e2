import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type ActorRef, type Node, startNode } from 'troupe'
import { Lobby, Spectator } from './lobby.js'
import { Night } from './night.js'
import { nightOptions } from './node-options.js'
import { Player, type PlayerArgs } from './player.js'
import { Scoreboard } from './scoreboard.js'
import { Timeline } from './timeline.js'

export interface Evening {
  readonly nodes: number
  readonly matches: number
  readonly seed: number
}

const PLAYERS_PER_MATCH = 4
const LIMIT_MS = 18_000

/** Runs the whole night. True when every match finished and was counted exactly once. */
export async function play(evening: Evening): Promise<boolean> {
  const timeline = new Timeline()
  const root = await startNode(nightOptions('a'))
  const tables = await openTables(root, evening.nodes - 1)
  timeline.say(`${evening.nodes} processes: a (holds the root), ${[...tables.keys()].join(', ')}`)
  report(root, timeline)

  const night = root.spawn(Night, { onOpened: (opened) => timeline.opened(opened) })
  await night.ready()
  const victim = [...tables.keys()][evening.seed % tables.size] as string
  await openMatches(root, evening)
  timeline.say(`${evening.matches} matches opened, ${evening.matches * PLAYERS_PER_MATCH} players`)

  const lobby = root.lookup(Lobby, 'lobby')
  const killAt = Math.ceil(evening.matches / 10) // some matches are over, most are being played
  await until(async () => (await lobby.ask.state()).closed >= killAt)
  const lost = (await lobby.ask.state()).open.filter((opened) => opened.node === victim).length
  timeline.say(`SIGKILL for process ${victim}, which holds ${lost} matches`)
  tables.get(victim)?.kill('SIGKILL')
  tables.delete(victim)

  await until(async () => (await lobby.ask.state()).closed >= evening.matches)
  timeline.say(`all ${evening.matches} matches are over`)
  const finished = await table(root, evening, timeline)
  for (const process of tables.values()) process.send('stop')
  await root.stop({ drainMs: 1_000 })
  return finished

  async function until(done: () => Promise<boolean>): Promise<void> {
    while (!(await done())) {
      if (timeline.elapsedMs() > LIMIT_MS) throw new Error(`not over within ${LIMIT_MS} ms`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

async function openTables(root: Node, count: number): Promise<Map<string, ChildProcess>> {
  const file = fileURLToPath(new URL('./table-process.ts', import.meta.url))
  const tables = new Map<string, ChildProcess>()
  const ready = Array.from({ length: count }, (_, at) => {
    const name = String.fromCharCode('b'.charCodeAt(0) + at)
    const process = fork(file, [name, root.address], { execArgv: ['--import', 'tsx'] })
    tables.set(name, process)
    return new Promise<void>((resolve, reject) => {
      process.once('message', () => resolve())
      process.once('exit', (code) => reject(new Error(`process ${name} ended with code ${code}`)))
    })
  })
  await Promise.all(ready)
  return tables
}

/** Four players a match; one player of one match, chosen by the seed, will play a poisoned move. */
async function openMatches(root: Node, { matches, seed }: Evening): Promise<void> {
  const players = root.lookup<import('./night.js').Players>(playersClass(), 'players')
  void players
  void matches
  void seed
}

function playersClass(): never {
  throw new Error('replaced below')
}

function report(root: Node, timeline: Timeline): void {
  root.events.on('actorRestarted', ({ ref, reason }) => timeline.say(`restarted ${ref.type}: ${reason}`))
  root.events.on('peerDown', ({ node, reason }) => timeline.say(`${node} is silent: ${reason}`))
  root.events.on('nodeDown', ({ node }) => timeline.say(`${node} is given up`))
}

async function table(root: Node, evening: Evening, timeline: Timeline): Promise<boolean> {
  const scoreboard = root.lookup(Scoreboard, 'scoreboard')
  const results = await scoreboard.ask.results()
  const seen = await root.lookup(Spectator, 'spectator').ask.seen()
  timeline.print(results, seen)
  return results.length === evening.matches
}

export type { ActorRef, Player, PlayerArgs }

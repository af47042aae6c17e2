import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { type ActorRef, type Node, startNode } from 'troupe'
import { Lobby, Spectator } from './lobby.js'
import { Matches, Night, Players } from './night.js'
import { nightOptions } from './node-options.js'
import type { Player, PlayerArgs } from './player.js'
import { Counter, Scoreboard } from './scoreboard.js'
import { Timeline } from './timeline.js'

export interface Evening {
  /** Processes, the one that holds the root included. */
  readonly nodes: number
  readonly matches: number
  /** The overlay of the other processes, as TROUPE_OVERLAY says it. */
  readonly overlay: string
  /** Chooses who is poisoned and who is killed. */
  readonly seed: number
}

const PLAYERS_PER_MATCH = 4
const LIMIT_MS = 18_000
/** The third player's second move. */
const POISONED_MOVE = 6

/** Runs the whole night. True when every match finished and was counted exactly once. */
export async function play(evening: Evening): Promise<boolean> {
  const timeline = new Timeline()
  const root = await startNode(nightOptions(nodeName(0), evening.seed))
  const tables = await openTables(root, evening)
  timeline.say(`${evening.nodes} processes: a (holds the root), ${[...tables.keys()].join(', ')}`)
  tellNews(root, timeline)

  await root.spawn(Night, { onOpened: (opened) => timeline.opened(opened) }).ready()
  await openMatches(root, evening)
  timeline.say(`${evening.matches} matches, ${evening.matches * PLAYERS_PER_MATCH} players`)

  const closed = async (): Promise<number> => (await root.lookup(Lobby, 'lobby').ask.state()).closed
  await until(timeline, async () => (await closed()) >= Math.ceil(evening.matches / 10))
  await killOne(root, tables, evening.seed, timeline)
  await until(timeline, async () => (await closed()) >= evening.matches)
  timeline.say(`all ${evening.matches} matches are over`)

  const counted = await printTable(root, timeline)
  timeline.end()
  for (const table of tables.values()) table.send('stop')
  await root.stop({ drainMs: 1_000 })
  return counted === evening.matches
}

/** Starts the other processes; each is a node that joins the root's. */
async function openTables(
  root: Node,
  { nodes, seed, overlay }: Evening,
): Promise<Map<string, ChildProcess>> {
  const file = fileURLToPath(new URL('./table-process.ts', import.meta.url))
  const names = Array.from({ length: nodes - 1 }, (_, at) => nodeName(at + 1))
  const open = names.map((name) => {
    const table = fork(file, [name, root.address, `${seed}`], {
      execArgv: ['--import', 'tsx'],
      env: { ...process.env, TROUPE_OVERLAY: overlay },
    })
    return new Promise<[string, ChildProcess]>((resolve, reject) => {
      table.once('message', () => resolve([name, table]))
      table.once('exit', (code) => reject(new Error(`process ${name} ended with code ${code}`)))
    })
  })
  return new Map(await Promise.all(open))
}

/** a, b, … z, a1, b1, … */
const nodeName = (at: number): string =>
  `${String.fromCharCode(97 + (at % 26))}${at < 26 ? '' : Math.floor(at / 26)}`

/** Four players a match; one player of one match, chosen by the seed, will play a poisoned move. */
async function openMatches(root: Node, { matches, seed }: Evening): Promise<void> {
  const players = root.lookup(Players, 'players')
  const boards = root.lookup(Matches, 'matches')
  const lobby = root.lookup(Lobby, 'lobby')
  const scoreboard = root.lookup(Scoreboard, 'scoreboard')
  const poisoned = seed % matches
  for (let board = 0; board < matches; board++) {
    const seats: ActorRef<Player>[] = []
    for (let seat = 0; seat < PLAYERS_PER_MATCH; seat++) {
      const args: PlayerArgs = {
        name: `player ${board * PLAYERS_PER_MATCH + seat}`,
        thinkMs: 20 + ((board * 7 + seat * 3) % 20),
        ...(board === poisoned && seat === 2 && { poison: { board, number: POISONED_MOVE } }),
      }
      seats.push(await players.ask.startChild(args))
    }
    await boards.ask.startChild({ board, players: seats, lobby, scoreboard })
  }
}

async function killOne(
  root: Node,
  tables: Map<string, ChildProcess>,
  seed: number,
  timeline: Timeline,
): Promise<void> {
  const victim = [...tables.keys()][seed % tables.size] as string
  const { open } = await root.lookup(Lobby, 'lobby').ask.state()
  const held = open.filter((opened) => opened.node === victim).length
  timeline.say(`SIGKILL for process ${victim}, which holds ${held} matches`)
  tables.get(victim)?.kill('SIGKILL')
  tables.delete(victim)
}

function tellNews(root: Node, timeline: Timeline): void {
  root.events.on('peerDown', ({ peer }) => timeline.say(`${peer.name} does not answer`))
  root.events.on('nodeDown', ({ node }) => timeline.say(`${node.name} is given up`))
}

async function printTable(root: Node, timeline: Timeline): Promise<number> {
  const scoreboard = root.lookup(Scoreboard, 'scoreboard')
  const results = await scoreboard.ask.results()
  const seen = await root.lookup(Spectator, 'spectator').ask.seen()
  const wins: Record<string, number> = {}
  for (const outcome of ['red', 'yellow', 'draw']) {
    wins[outcome] = await root.lookup(Counter, `wins/${outcome}`).ask.value()
  }
  timeline.print({ results, wins, repeats: await scoreboard.ask.repeats(), seen })
  const counted = Object.values(wins).reduce((sum, n) => sum + n, 0)
  return counted === results.length ? counted : Number.NaN
}

async function until(timeline: Timeline, done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) {
    if (timeline.elapsedMs() > LIMIT_MS) throw new Error(`not over within ${LIMIT_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

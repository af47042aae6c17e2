import type { Opened } from './lobby.js'
import type { Result } from './scoreboard.js'

/** What the table at the end shows. */
export interface Tally {
  readonly results: readonly Result[]
  /** The counters, by outcome. */
  readonly wins: Readonly<Record<string, number>>
  /** Reports of matches that had been counted before. */
  readonly repeats: number
  readonly seen: { readonly replays: number; readonly bytes: number }
}

/** Prints what happens, with the seconds since the start. */
export class Timeline {
  readonly #startedMs = performance.now()
  readonly #nodeOf = new Map<number, string>()
  #rebuilt = 0
  #moved = 0
  #over = false

  elapsedMs(): number {
    return performance.now() - this.#startedMs
  }

  /** What happens from now on is no news: everybody goes home. */
  end(): void {
    this.#over = true
  }

  say(text: string): void {
    if (this.#over) return
    console.log(`${(this.elapsedMs() / 1000).toFixed(2).padStart(6)} s  ${text}`)
  }

  /** A match started, or came back. */
  opened({ board, node, rebuilt }: Opened): void {
    const before = this.#nodeOf.get(board)
    this.#nodeOf.set(board, node)
    if (before === undefined) return
    this.#rebuilt++
    const where =
      before === node ? `on ${node}: a poisoned move crashed it` : `on ${node}: ${before} is lost`
    if (before !== node) this.#moved++
    this.say(`match ${board} is back ${where}; ${rebuilt} moves told again by its players`)
  }

  print({ results, wins, repeats, seen }: Tally): void {
    const nodes = [...new Set(results.map((result) => result.node))].sort()
    const rows = [
      ['node', 'matches', 'red', 'yellow', 'draw', 'moves'],
      ...nodes.map((node) =>
        row(
          node,
          results.filter((result) => result.node === node),
        ),
      ),
      row('all', results),
    ]
    const widths = (rows[0] ?? []).map((_, at) =>
      Math.max(...rows.map((r) => (r[at] ?? '').length)),
    )
    console.log()
    for (const cells of rows)
      console.log(`  ${cells.map((c, at) => c.padStart(widths[at] ?? 0)).join('  ')}`)
    console.log()
    console.log(
      `  counters: ${Object.entries(wins)
        .map(([outcome, n]) => `${outcome} ${n}`)
        .join(', ')}`,
    )
    console.log(`  reported more than once and counted once: ${repeats}`)
    console.log(
      `  matches that came back: ${this.#rebuilt}, of these on another node: ${this.#moved}`,
    )
    console.log(`  replays watched meanwhile: ${seen.replays} (${Math.round(seen.bytes / 1e6)} MB)`)
  }
}

function row(name: string, results: readonly Result[]): string[] {
  const count = (outcome: string): string =>
    `${results.filter((r) => r.outcome === outcome).length}`
  const moves = results.reduce((sum, result) => sum + result.moves, 0)
  return [name, `${results.length}`, count('red'), count('yellow'), count('draw'), `${moves}`]
}

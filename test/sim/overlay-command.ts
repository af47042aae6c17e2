/**
 * `npm run sim -- overlay --overlay NAME …`: assembles an overlay of thousands of cores in virtual time, lets cycles
 * pass, and prints what its graph is like; on request what broadcasts cost in it and what it makes of a failure.
 * docs/simulating-overlays.md says what each number means.
 */
import { createHash } from 'node:crypto'
import { accessSync, constants, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf } from '../../src/base/errors.js'
import { flood } from '../../src/broadcast/flood.js'
import { plumtree } from '../../src/broadcast/plumtree.js'
import {
  type OverlayRunOptions,
  type OverlayRunResult,
  type Progress,
  runOverlay,
} from '../../src/simulation/overlay-run.js'
import type { OverlayTown } from '../../src/simulation/overlay-town.js'
import type { ProtocolNode } from '../../src/simulation/protocol-node.js'
import { Sites } from '../../src/simulation/sites.js'
import { UnitTorus } from '../../src/simulation/unit-torus.js'
import { GRAPH_NODES_MAX, graphPlot, type PlottedGraph, viewsOf } from './graph-plot.js'
import {
  OVERLAY_USAGE,
  type OverlayArguments,
  readOverlayArguments,
  WrongUse,
} from './overlay-arguments.js'
import { overlayPlot } from './overlay-plot.js'
import {
  type KnownOverlay,
  overlayByName,
  overlayKey,
  overlayNames,
  overlayTitle,
} from './overlays-by-name.js'
import { grouped } from './svg-chart.js'

/** As in the papers: nothing is repaired behind their backs. */
const PROTOCOLS = {
  flood: () => flood({ repairMs: 0 }),
  plumtree: () => plumtree({ repairMs: 0 }),
}

/** Where lines go. */
interface Output {
  log(line: string): void
  error(line: string): void
}

/** Runs the command, and returns what the process ends with. */
export async function overlayCommand(
  argv: readonly string[],
  output: Output = console,
): Promise<number> {
  try {
    const given = readOverlayArguments(argv)
    const known = await overlayByName(given.overlay).catch((error: unknown) => {
      throw new WrongUse(`cannot load ${given.overlay}: ${(error as Error).message}`)
    })
    if (known === undefined) {
      const names = overlayNames().join(', ')
      throw new WrongUse(
        `--overlay must be one of ${names}, or a file that exports a factory by default, got ${given.overlay}`,
      )
    }
    if (given.xbot && !known.xbot)
      throw new WrongUse(`--xbot is for hyparview, got ${given.overlay}`)
    if (given.plot !== undefined) checkPlace('plot', given.plot)
    if (given.graph !== undefined) checkGraph(given, given.graph)
    run(given, known, output, argv)
    return 0
  } catch (error) {
    const wrong = error instanceof WrongUse || codeOf(error) === 'ERR_BAD_OPTION'
    if (!wrong) throw error
    output.error(`${(error as Error).message}\n${OVERLAY_USAGE}`)
    return 3
  }
}

/** Before a long run, not after it. */
function checkPlace(option: string, file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK)
  } catch (error) {
    throw new WrongUse(`--${option} cannot be written: ${(error as Error).message}`)
  }
}

function checkGraph({ nodes }: OverlayArguments, file: string): void {
  checkPlace('graph', file)
  if (nodes > GRAPH_NODES_MAX)
    throw new WrongUse(`--graph is for up to ${GRAPH_NODES_MAX} nodes, got --nodes ${nodes}`)
}

function run(
  given: OverlayArguments,
  known: KnownOverlay,
  output: Output,
  argv: readonly string[],
): void {
  const fails = given.fails.length === 0 ? [undefined] : given.fails
  const torus = new UnitTorus(given.seed)
  let drawn: Pick<PlottedGraph, 'views' | 'names'> | undefined
  const look = (town: OverlayTown): void => {
    if (given.graph === undefined) return
    drawn = { views: viewsOf(town), names: town.network.alive().map(({ name }) => name) }
  }
  const options = { ...runOptions(given, known, torus), look }
  const lines: Line[] = []
  const runs = fails.map((fail) => {
    const began = performance.now()
    const result = runOverlay(fail === undefined ? options : { ...options, fail }, progress())
    const seconds = (performance.now() - began) / 1000
    const line = resultLine(given, fail, result, seconds)
    lines.push(line)
    if (given.json) output.log(JSON.stringify(line))
    else print(line, output)
    return { fail, result }
  })
  const where = given.torus && !given.xbot ? ' on a torus' : ''
  const title = `${overlayTitle(given.overlay, given.xbot)}${where}, ${grouped(given.nodes)} nodes, ${given.cycles} cycles, seed ${given.seed}`
  const origin = originOf(argv, lines)
  if (given.plot !== undefined) {
    const { protocol, senders } = given
    const plotted = { overlay: overlayKey(given.overlay), title, protocol, senders, runs }
    writeFileSync(given.plot, overlayPlot(plotted, origin))
  }
  if (given.graph !== undefined && drawn !== undefined) {
    const placed = given.xbot || given.torus || known.placed === true
    const { seed } = given
    const svg = graphPlot({ ...drawn, title, seed, origin, torus: placed ? torus : undefined })
    writeFileSync(given.graph, svg)
  }
}

/** Of a picture: the command that draws it, and a digest of the figures that were drawn. */
function originOf(argv: readonly string[], lines: readonly Line[]): string {
  const words = argv.filter((word, i) => {
    const before = argv[i - 1] ?? ''
    return !/^--(plot|graph|json)\b/.test(word) && !/^--(plot|graph)$/.test(before)
  })
  const figures = lines.map(({ seconds: _seconds, rssMb: _rssMb, ...rest }) => rest)
  const digest = createHash('sha256').update(JSON.stringify(figures)).digest('hex')
  return `npm run sim -- overlay ${words.join(' ')}; figures ${digest}`
}

function runOptions(
  given: OverlayArguments,
  known: KnownOverlay,
  torus: UnitTorus,
): OverlayRunOptions {
  const { protocol, nodes, seed, cycles, latencyMs, churn, broadcasts, senders, xbot } = given
  const sites = given.sites === 0 ? undefined : new Sites(seed, given.sites)
  const cost = (a: ProtocolNode, b: ProtocolNode) => torus.distance(a.name, b.name)
  return {
    overlay: known.factory(given.options, { nodes, torus, sites, xbot }),
    joins: known.joins ?? true,
    contact: given.contact ?? known.contact ?? 'first',
    detection: given.detection ?? known.detection,
    fanout: given.fanout ?? known.fanout,
    burst: given.burst,
    after: given.after,
    ...(protocol !== 'gossip' && { protocol: PROTOCOLS[protocol]() }),
    ...(sites !== undefined && { far: (a: string, b: string) => sites.apart(a, b) }),
    ...((given.torus || xbot) && { cost }),
    ...{ nodes, seed, cycles, latencyMs, churn, broadcasts, senders },
  }
}

type Line = Readonly<Record<string, unknown>>

function resultLine(
  given: OverlayArguments,
  fail: number | undefined,
  result: OverlayRunResult,
  seconds: number,
): Line {
  const { nodes, ...figures } = result
  return short({
    overlay: overlayKey(given.overlay),
    nodes,
    cycles: given.cycles,
    seed: given.seed,
    ...(fail !== undefined && { fail }),
    ...figures,
    seconds,
    rssMb: process.resourceUsage().maxRSS / 1024,
  }) as Line
}

/** Numbers with six digits: more of them mean nothing. */
function short(value: unknown): unknown {
  if (typeof value === 'number')
    return Number.isInteger(value) ? value : Number(value.toPrecision(6))
  if (Array.isArray(value)) return value.map(short)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, short(one)]))
}

const LIST_MAX = 20

function print(line: Line, output: Output): void {
  for (const [key, value] of Object.entries(line)) {
    const list = Array.isArray(value) && value.length > LIST_MAX
    const text = JSON.stringify(list ? (value as unknown[]).slice(0, LIST_MAX) : value)
    output.log(
      `${key}: ${text}${list ? ` and ${(value as unknown[]).length - LIST_MAX} more` : ''}`,
    )
  }
}

/** A line on a terminal that is written over, some times a second. */
function progress(): Progress {
  const { stderr } = process
  if (!stderr.isTTY) return () => {}
  let shownAt = 0
  return (what, done, of) => {
    const now = performance.now()
    if (now - shownAt < 200 && done < of) return
    shownAt = now
    stderr.write(`\r\x1b[K${what} ${done}/${of}${done === of ? '\r\x1b[K' : ''}`)
  }
}

/**
 * `npm run sim -- overlay --overlay NAME …`: assembles an overlay of thousands of cores in virtual time, lets cycles
 * pass, and prints what its graph is like; on request what broadcasts cost in it and what it makes of a failure.
 * docs/simulating-overlays.md says what each number means.
 */
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
import type { ProtocolNode } from '../../src/simulation/protocol-node.js'
import { Sites } from '../../src/simulation/sites.js'
import { UnitTorus } from '../../src/simulation/unit-torus.js'
import {
  OVERLAY_USAGE,
  type OverlayArguments,
  readOverlayArguments,
  WrongUse,
} from './overlay-arguments.js'
import { overlayPlot } from './overlay-plot.js'
import { type KnownOverlay, overlayByName, overlayKey, overlayNames } from './overlays-by-name.js'

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
    if (given.plot !== undefined) checkPlace(given.plot)
    run(given, known, output)
    return 0
  } catch (error) {
    const wrong = error instanceof WrongUse || codeOf(error) === 'ERR_BAD_OPTION'
    if (!wrong) throw error
    output.error(`${(error as Error).message}\n${OVERLAY_USAGE}`)
    return 3
  }
}

/** Before a long run, not after it. */
function checkPlace(file: string): void {
  try {
    accessSync(dirname(file), constants.W_OK)
  } catch (error) {
    throw new WrongUse(`--plot cannot be written: ${(error as Error).message}`)
  }
}

function run(given: OverlayArguments, known: KnownOverlay, output: Output): void {
  const fails = given.fails.length === 0 ? [undefined] : given.fails
  const options = runOptions(given, known)
  const runs = fails.map((fail) => {
    const began = performance.now()
    const result = runOverlay(fail === undefined ? options : { ...options, fail }, progress())
    const seconds = (performance.now() - began) / 1000
    const line = resultLine(given, fail, result, seconds)
    if (given.json) output.log(JSON.stringify(line))
    else print(line, output)
    return { fail, result }
  })
  if (given.plot === undefined) return
  const { protocol, senders } = given
  writeFileSync(
    given.plot,
    overlayPlot({ overlay: overlayKey(given.overlay), protocol, senders, runs }),
  )
}

function runOptions(given: OverlayArguments, known: KnownOverlay): OverlayRunOptions {
  const { protocol, nodes, seed, cycles, latencyMs, churn, broadcasts, senders, xbot } = given
  const torus = new UnitTorus(seed)
  const sites = given.sites === 0 ? undefined : new Sites(seed, given.sites)
  const cost = (a: ProtocolNode, b: ProtocolNode) => torus.distance(a.name, b.name)
  return {
    overlay: known.factory(given.options, { nodes, torus, sites, xbot }),
    joins: known.joins ?? true,
    contact: given.contact ?? known.contact ?? 'first',
    detection: given.detection ?? known.detection,
    fanout: given.fanout ?? known.fanout,
    burst: given.burst,
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

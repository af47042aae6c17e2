import { parseArgs } from 'node:util'
import type { Detection } from '../../src/simulation/protocol-connections.js'
import type { SendersOption } from '../../src/simulation/senders.js'
import type { OverlayOptions } from './overlays-by-name.js'

export const OVERLAY_USAGE = `usage: npm run sim -- overlay --overlay NAME|FILE [--nodes N] [--cycles N] [--seed S] [--json]
  [--option KEY=VALUE …] [--contact first|random] [--latency LEAST-MOST] [--churn NODES_A_CYCLE] [--torus] [--sites N] [--xbot]
  [--broadcasts N [--protocol flood|plumtree|gossip] [--senders one|many|N]]
  [--fail SHARE[,SHARE…] [--burst N | --after N] [--detect closed|send|none]] [--fanout N]
  [--plot FILE.svg] [--graph FILE.svg]`

/** The command was used in a wrong way. */
export class WrongUse extends Error {}

export type ProtocolName = 'flood' | 'plumtree' | 'gossip'

export interface OverlayArguments {
  readonly overlay: string
  readonly options: OverlayOptions
  readonly nodes: number
  readonly cycles: number
  readonly seed: string
  readonly json: boolean
  readonly contact: 'first' | 'random' | undefined
  readonly latencyMs: readonly [number, number]
  readonly churn: number
  readonly torus: boolean
  readonly sites: number
  readonly xbot: boolean
  readonly broadcasts: number
  readonly protocol: ProtocolName
  readonly senders: SendersOption
  readonly fails: readonly number[]
  readonly burst: number
  readonly after: number
  readonly detection: Detection | undefined
  readonly fanout: number | undefined
  readonly plot: string | undefined
  readonly graph: string | undefined
}

const DETECTIONS: readonly Detection[] = ['closed', 'send', 'none']

const CONTACTS = ['first', 'random'] as const

const OPTIONS = {
  overlay: { type: 'string' },
  option: { type: 'string', multiple: true, default: [] as string[] },
  nodes: { type: 'string', default: '1000' },
  cycles: { type: 'string', default: '50' },
  seed: { type: 'string', default: '1' },
  json: { type: 'boolean', default: false },
  contact: { type: 'string' },
  latency: { type: 'string', default: '10-11' },
  churn: { type: 'string', default: '0' },
  torus: { type: 'boolean', default: false },
  sites: { type: 'string', default: '0' },
  xbot: { type: 'boolean', default: false },
  broadcasts: { type: 'string', default: '0' },
  protocol: { type: 'string', default: 'flood' },
  senders: { type: 'string', default: 'one' },
  fail: { type: 'string' },
  burst: { type: 'string' },
  after: { type: 'string', default: '0' },
  detect: { type: 'string' },
  fanout: { type: 'string' },
  plot: { type: 'string' },
  graph: { type: 'string' },
} as const

/** @throws WrongUse with the option, its rule and the value */
export function readOverlayArguments(argv: readonly string[]): OverlayArguments {
  const values = parse(argv)
  if (values.overlay === undefined) throw new WrongUse('--overlay is needed')
  const after = whole('after', values.after, 0)
  if (after > 0) checkAfter(values)
  return {
    overlay: values.overlay,
    options: Object.fromEntries(values.option.map(overlayOption)),
    nodes: whole('nodes', values.nodes, 2, 1_000_000),
    cycles: whole('cycles', values.cycles, 0),
    seed: values.seed,
    json: values.json,
    contact: values.contact === undefined ? undefined : oneOf('contact', values.contact, CONTACTS),
    latencyMs: range(values.latency),
    churn: whole('churn', values.churn, 0),
    torus: values.torus,
    sites: whole('sites', values.sites, 0),
    xbot: values.xbot,
    broadcasts: whole('broadcasts', values.broadcasts, 0),
    protocol: oneOf('protocol', values.protocol, ['flood', 'plumtree', 'gossip']),
    senders: senders(values.senders),
    fails: values.fail === undefined ? [] : values.fail.split(',').map(share),
    burst: whole('burst', values.burst ?? '1000', 0),
    after,
    detection: values.detect === undefined ? undefined : oneOf('detect', values.detect, DETECTIONS),
    fanout: values.fanout === undefined ? undefined : whole('fanout', values.fanout, 0),
    plot: values.plot,
    graph: values.graph,
  }
}

type Values = ReturnType<typeof parse>

function checkAfter({ fail, protocol, burst }: Values): void {
  if (fail === undefined) throw new WrongUse('--after is for what comes after --fail')
  if (protocol === 'gossip') throw new WrongUse('--after is for --protocol flood or plumtree')
  if (burst !== undefined)
    throw new WrongUse('--after takes the place of --burst: give one of them')
}

function senders(text: string): SendersOption {
  if (text === 'one' || text === 'many') return text
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  throw new WrongUse(`--senders must be one or many, or a number of nodes, got ${text}`)
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, strict: true }).values
  } catch (error) {
    throw new WrongUse((error as Error).message)
  }
}

function whole(name: string, text: string, least: number, most = 1e9): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new WrongUse(`--${name} must be a whole number from ${least} to ${most}, got ${text}`)
}

function oneOf<T extends string>(name: string, text: string, values: readonly T[]): T {
  if (values.includes(text as T)) return text as T
  throw new WrongUse(`--${name} must be ${values.join(' or ')}, got ${text}`)
}

function share(text: string): number {
  const value = Number(text)
  if (/^[\d.]+$/.test(text) && value >= 0 && value <= 1) return value
  throw new WrongUse(`--fail must be a share from 0 to 1, or several with commas, got ${text}`)
}

function range(text: string): [number, number] {
  const [, least, most] = /^([\d.]+)-([\d.]+)$/.exec(text) ?? []
  const pair: [number, number] = [Number(least), Number(most)]
  if (pair[0] > 0 && pair[1] >= pair[0]) return pair
  throw new WrongUse(
    `--latency must be two numbers of milliseconds above 0 such as 10-11, got ${text}`,
  )
}

/** Numbers and truth values are read as such, anything else is text. */
function overlayOption(text: string): [string, unknown] {
  const at = text.indexOf('=')
  if (at < 1) throw new WrongUse(`--option must be KEY=VALUE, got ${text}`)
  const value = text.slice(at + 1)
  const literal = /^(true|false|-?\d+(\.\d+)?)$/.test(value)
  return [text.slice(0, at), literal ? (JSON.parse(value) as unknown) : value]
}

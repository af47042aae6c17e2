import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Member, OverlayFactory } from '../../src/overlay/index.js'
import * as overlays from '../../src/overlay/index.js'
import { nameOf } from '../../src/simulation/overlay-town.js'
import type { Detection } from '../../src/simulation/protocol-connections.js'
import type { Sites } from '../../src/simulation/sites.js'
import type { UnitTorus } from '../../src/simulation/unit-torus.js'

/** Options of an overlay as they were given: `--option activeMax=6`. */
export type OverlayOptions = Readonly<Record<string, unknown>>

/** What an overlay may be told of the nodes of a run. */
export interface Ground {
  readonly nodes: number
  readonly torus: UnitTorus
  /** Where they are, when they are in a few places and not all over the torus. */
  readonly sites: Sites | undefined
  /** Neighbours are swapped for closer ones. */
  readonly xbot: boolean
}

/** An overlay as the command runs it. */
export interface KnownOverlay {
  /** The overlay of one of the nodes, by its number. */
  factory(options: OverlayOptions, ground: Ground): (index: number) => OverlayFactory
  /** False: nodes find each other at start, by their configuration. */
  readonly joins?: boolean
  /** It can swap neighbours for closer ones. */
  readonly xbot?: boolean
  /** It goes by where nodes are on the torus. */
  readonly placed?: boolean
  /** Whom newcomers join through when nothing is said. Default: the first node. */
  readonly contact?: 'first' | 'random'
  /** How survivors of a failure learn of the dead in the experiments it is compared with. */
  readonly detection: Detection
  /** To how many of its view gossip goes in these; 0 for all but the sender. */
  readonly fanout: number
}

type Make = (options: OverlayOptions, ground: Ground) => OverlayFactory

/** All nodes alike, connections that break noticed, messages to the whole view. */
const alike = (make: Make, more: Partial<KnownOverlay> = {}): KnownOverlay => ({
  factory: (options, ground) => {
    const factory = make(options, ground)
    return () => factory
  },
  detection: 'closed',
  fanout: 0,
  ...more,
})

/** Views that are not symmetric: the papers gossip to a few of them, and nobody notices who is dead. */
const oneSided = (make: Make): KnownOverlay => alike(make, { detection: 'none', fanout: 4 })

const KNOWN: Readonly<Record<string, KnownOverlay>> = {
  fullmesh: alike((options) => overlays.fullMesh(options)),
  clientserver: {
    factory: ({ servers = 0, ...options }, { nodes }) => {
      const count = Number(servers) || Math.ceil(Math.sqrt(nodes))
      const server = overlays.clientServer({ role: 'server' })
      const client = overlays.clientServer({ ...options, role: 'client' })
      return (index) => (index < count ? server : client)
    },
    detection: 'closed',
    fanout: 0,
  },
  hyparview: alike(
    (options, { xbot, torus }) => {
      const oracle = (a: Member, b: Member) => torus.distance(a.name, b.name)
      return overlays.hyparview(xbot ? { ...options, xbot: { oracle } } : options)
    },
    { xbot: true },
  ),
  static: {
    factory: (_options, { nodes }) => {
      const list = Array.from({ length: nodes }, (_, i) => `${nameOf(i)}:9000`)
      const factory = overlays.staticMembers(list)
      return () => factory
    },
    joins: false,
    detection: 'closed',
    fanout: 0,
  },
}

/** Of a published comparison: view 35, exchanges of 14; the whole view is connected to, so that gossip may use it. */
const CYCLON = { view: 35, shuffle: 14, links: 35 }

const ONE_SIDED: Readonly<Record<string, KnownOverlay>> = {
  scampv1: oneSided((options) => overlays.scampV1(options)),
  scampv2: oneSided((options) => overlays.scampV2(options)),
  cyclon: oneSided((options) => overlays.cyclon({ ...CYCLON, ...options })),
  hiscamp: {
    ...oneSided((options, { torus, sites }) => {
      const distance = (a: Member, b: Member): number => {
        if (sites === undefined) return torus.distance(a.name, b.name)
        return sites.apart(a.name, b.name) ? 1 : 0
      }
      return overlays.hiscamp({ distance, threshold: 0.2, ...options })
    }),
    placed: true,
  },
}

/** `client-server` and `clientServer` are one. */
const plain = (name: string): string => name.replace(/-/g, '').toLowerCase()

const ALL: Readonly<Record<string, KnownOverlay>> = { ...KNOWN, ...ONE_SIDED }

export const overlayNames = (): string[] => Object.keys(ALL)

/** A known overlay, or the factory that a file exports by default; undefined for anything else. */
export async function overlayByName(name: string): Promise<KnownOverlay | undefined> {
  const known = Object.hasOwn(ALL, plain(name)) ? ALL[plain(name)] : undefined
  if (known !== undefined || !/[./\\]/.test(name)) return known
  const module = (await import(pathToFileURL(resolve(name)).href)) as {
    default?: Partial<OverlayFactory>
  }
  const factory = module.default
  if (typeof factory?.create !== 'function') return undefined
  return alike(() => factory as OverlayFactory)
}

/** What figures of it go by: `client-server` is `clientserver`, and a file is itself. */
export const overlayKey = (name: string): string => (/[./\\]/.test(name) ? name : plain(name))

const TITLES: Readonly<Record<string, string>> = {
  fullmesh: 'Full mesh',
  clientserver: 'Client-server',
  hyparview: 'HyParView',
  static: 'Static members',
  scampv1: 'SCAMP 1',
  scampv2: 'SCAMP 2',
  cyclon: 'Cyclon',
  hiscamp: 'HiScamp',
}

/** What it is called above a picture. */
export function overlayTitle(name: string, xbot = false): string {
  const key = overlayKey(name)
  return `${TITLES[key] ?? key}${xbot ? ' with X-BOT' : ''}`
}

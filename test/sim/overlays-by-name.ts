import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { clientServer } from '../../src/overlay/client-server/client-server.js'
import type { OverlayFactory } from '../../src/overlay/index.js'
import * as overlays from '../../src/overlay/index.js'
import { nameOf } from '../../src/simulation/overlay-town.js'
import type { Detection } from '../../src/simulation/protocol-connections.js'

/** Options of an overlay as they were given: `--option activeMax=6`. */
export type OverlayOptions = Readonly<Record<string, unknown>>

/** An overlay as the command runs it. */
export interface KnownOverlay {
  /** The overlay of one of `nodes` nodes, by its number. */
  factory(options: OverlayOptions, nodes: number): (index: number) => OverlayFactory
  /** False: nodes find each other at start, by their configuration. */
  readonly joins?: boolean
  /** How survivors of a failure learn of the dead in the experiments it is compared with. */
  readonly detection: Detection
  /** To how many of its view gossip goes in these; 0 for all but the sender. */
  readonly fanout: number
}

type Make = (options: OverlayOptions) => OverlayFactory

/** All nodes alike, connections that break noticed, messages to the whole view. */
const alike = (make: Make, more: Partial<KnownOverlay> = {}): KnownOverlay => ({
  factory: (options) => {
    const factory = make(options)
    return () => factory
  },
  detection: 'closed',
  fanout: 0,
  ...more,
})

const KNOWN: Readonly<Record<string, KnownOverlay>> = {
  fullmesh: alike((options) => overlays.fullMesh(options)),
  clientserver: {
    factory: ({ servers = 0, ...options }, nodes) => {
      const count = Number(servers) || Math.ceil(Math.sqrt(nodes))
      const server = clientServer({ role: 'server' })
      const client = clientServer({ ...options, role: 'client' })
      return (index) => (index < count ? server : client)
    },
    detection: 'closed',
    fanout: 0,
  },
  hyparview: alike((options) => overlays.hyparview(options)),
  static: {
    factory: (_options, nodes) => {
      const list = Array.from({ length: nodes }, (_, i) => `${nameOf(i)}:9000`)
      const factory = overlays.staticMembers(list)
      return () => factory
    },
    joins: false,
    detection: 'closed',
    fanout: 0,
  },
}

/** `client-server` and `clientServer` are one. */
const plain = (name: string): string => name.replace(/-/g, '').toLowerCase()

export const overlayNames = (): string[] => Object.keys(KNOWN)

/** A known overlay, or the factory that a file exports by default; undefined for anything else. */
export async function overlayByName(name: string): Promise<KnownOverlay | undefined> {
  const known = Object.hasOwn(KNOWN, plain(name)) ? KNOWN[plain(name)] : undefined
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

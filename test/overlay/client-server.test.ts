import { clientServer } from '../../src/overlay/client-server/client-server.js'
import type { OverlayFactory } from '../../src/overlay/overlay.js'
import { overlayContract } from '../contracts/overlay.js'

const client = clientServer({ role: 'client' })
const server = clientServer({ role: 'server' })

/** One factory for nodes of both roles, told apart by their names. */
const roles = (isServer: (name: string) => boolean): OverlayFactory => ({
  name: server.name,
  create: (self, random) => (isServer(self.name) ? server : client).create(self, random),
})

const MIXED = new Set(['alone', 'n00', 'n01', 'n02', 'n06', 'n09'])

overlayContract('clientServer', () => roles((name) => MIXED.has(name)))
overlayContract('clientServer, servers only', () => server, { nodes: 10 })

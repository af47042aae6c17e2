import { realWorld } from '../../src/world/real/real-world.js'
import { networkContract } from '../contracts/network.js'
import { realComplete, realPass, realUntil } from './real-env.js'

for (const host of ['127.0.0.1', '::1']) {
  networkContract(`TCP on ${host}`, () => ({
    server: realWorld().network,
    client: realWorld().network,
    host,
    until: realUntil,
    complete: realComplete,
    pass: realPass,
    async dispose() {},
  }))
}

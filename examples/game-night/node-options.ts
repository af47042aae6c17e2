import { local, type NodeOptions, realWorld, silentLogger } from 'troupe'
import { Match } from './match.js'

/** What all processes of the night have in common. The cookie comes by environment, not by argument. */
export function nightOptions(name: string, seed: number): NodeOptions {
  return {
    name,
    listen: { host: '127.0.0.1', port: 0 },
    cookie: process.env['NIGHT_COOKIE'],
    channels: { game: { connections: 4 }, replay: {} },
    remoteSpawn: [Match],
    timing: local(),
    logger: silentLogger,
    world: realWorld({ seed: `${seed}/${name}` }), // what players choose follows from the seed
  }
}

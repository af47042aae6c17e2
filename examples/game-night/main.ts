/**
 * Game night: 50 games of Connect Four on three processes. One match is fed a poisoned move and crashes; then a
 * process is killed. All matches finish, each counted once.
 *
 *     npm start -- [--nodes 3] [--matches 50] [--seed 1] [--overlay full-mesh]
 *
 * The overlay travels to all processes in their environment; none of the code below it changes.
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { play } from './evening.js'
import { overlaysOf } from './overlays.js'

const USAGE = 'usage: npm start -- [--nodes 3] [--matches 50] [--seed 1] [--overlay full-mesh]'

function read() {
  try {
    return parseArgs({
      options: {
        nodes: { type: 'string', default: '3' },
        matches: { type: 'string', default: '50' },
        seed: { type: 'string', default: '1' },
        overlay: { type: 'string', default: process.env['TROUPE_OVERLAY'] ?? 'full-mesh' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return refuse(`${(error as Error).message.split('\n')[0]}\n${USAGE}`)
  }
}

function whole(option: string, text: string, [least, most]: readonly [number, number]): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  return refuse(`--${option} must be an integer from ${least} to ${most}, got '${text}'`)
}

function refuse(text: string): never {
  console.error(text)
  process.exit(3)
}

const values = read()
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}

const overlays = overlaysOf(values.overlay)
process.env['NIGHT_COOKIE'] = randomBytes(16).toString('hex')
process.env['TROUPE_OVERLAY'] = overlays.root
const evening = {
  overlay: overlays.table,
  nodes: whole('nodes', values.nodes, [2, 50]),
  matches: whole('matches', values.matches, [1, 10_000]),
  seed: whole('seed', values.seed, [0, 2 ** 32]),
}
const finished = await play(evening).catch((error: Error) => {
  console.error(error.message)
  return false
})
process.exit(finished ? 0 : 1)

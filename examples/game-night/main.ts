/**
 * Game night: 50 games of Connect Four on three processes. One match is fed a poisoned move and crashes; then a
 * process is killed. All matches finish, each counted once.
 *
 *     npm start -- [--nodes 3] [--matches 50] [--seed 1]
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { play } from './evening.js'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '3' },
    matches: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
  },
})

function whole(option: string, text: string, least: number): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= least) return number
  console.error(`--${option} must be an integer >= ${least}, got ${text}`)
  process.exit(3)
}

process.env['NIGHT_COOKIE'] = randomBytes(16).toString('hex')
const finished = await play({
  nodes: whole('nodes', values.nodes, 2),
  matches: whole('matches', values.matches, 1),
  seed: whole('seed', values.seed, 0),
})
process.exit(finished ? 0 : 1)

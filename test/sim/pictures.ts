/**
 * `npm run sim -- pictures [NAME…] [--into DIR]`: draws the pictures of docs/pictures anew, all of them or those named.
 * Those of thousands of nodes, and the traffic, take minutes each.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { brokerDrawing } from './broker-drawing.js'
import { overlayCommand } from './overlay-command.js'
import { LARGEST_MESH, TRAFFIC_RUNS, trafficPlot } from './traffic-plot.js'

export interface Picture {
  /** Its file is so named, with `.svg` behind it. */
  readonly name: string
  /** How it is drawn: as the graph or the plot of a run, from the lines of many runs, or by hand. */
  readonly kind: 'graph' | 'plot' | 'traffic' | 'drawing'
  /** Words of `npm run sim -- overlay`. */
  readonly words?: string
}

/** A town one can still see each node of. */
const SMALL = '--nodes 60 --cycles 20'

export const PICTURES: readonly Picture[] = [
  { name: 'graph-full-mesh', kind: 'graph', words: `--overlay full-mesh ${SMALL}` },
  { name: 'graph-static', kind: 'graph', words: `--overlay static ${SMALL}` },
  {
    name: 'graph-client-server',
    kind: 'graph',
    words: `--overlay client-server --option servers=5 --contact random ${SMALL}`,
  },
  { name: 'graph-hyparview', kind: 'graph', words: `--overlay hyparview ${SMALL}` },
  { name: 'graph-hyparview-places', kind: 'graph', words: `--overlay hyparview --torus ${SMALL}` },
  { name: 'graph-xbot', kind: 'graph', words: `--overlay hyparview --xbot ${SMALL}` },
  { name: 'graph-scamp-v1', kind: 'graph', words: `--overlay scampV1 --contact random ${SMALL}` },
  { name: 'graph-scamp-v2', kind: 'graph', words: `--overlay scampV2 --contact random ${SMALL}` },
  { name: 'graph-hiscamp', kind: 'graph', words: `--overlay hiscamp --contact random ${SMALL}` },
  {
    name: 'graph-cyclon',
    kind: 'graph',
    words: `--overlay cyclon --option view=20 --option shuffle=8 --option links=5 ${SMALL}`,
  },
  { name: 'graph-broker', kind: 'drawing' },
  { name: 'traffic', kind: 'traffic' },
  {
    name: 'hyparview',
    kind: 'plot',
    words:
      '--overlay hyparview --nodes 1000 --cycles 30 --broadcasts 20 --protocol plumtree --fail 0.3,0.5,0.7,0.8,0.9,0.95',
  },
  {
    name: 'plumtree-after-failure',
    kind: 'plot',
    words:
      '--overlay hyparview --nodes 1000 --cycles 20 --broadcasts 5 --protocol plumtree --fail 0.4,0.6,0.8 --after 6',
  },
  {
    name: 'hyparview-10000',
    kind: 'plot',
    words:
      '--overlay hyparview --nodes 10000 --cycles 50 --broadcasts 100 --protocol plumtree --fail 0.8,0.9',
  },
]

export const PICTURES_USAGE = 'usage: npm run sim -- pictures [NAME…] [--into DIR]'

/** Where the pictures of the documentation are. */
export const PICTURES_DIRECTORY = 'docs/pictures'

/** Draws one picture into that directory. */
export async function draw({ name, kind, words = '' }: Picture, into: string): Promise<void> {
  const file = join(into, `${name}.svg`)
  if (kind === 'drawing') return writeFileSync(file, brokerDrawing())
  if (kind === 'traffic') {
    const lines: string[] = []
    const kept = readFileSync(join(PICTURES_DIRECTORY, `${name}.jsonl`), 'utf8').split('\n')
    for (const [at, run] of TRAFFIC_RUNS.entries()) {
      if (run === LARGEST_MESH) lines.push(kept[at] as string)
      else lines.push(...(await linesOf(run)))
    }
    writeFileSync(join(into, `${name}.jsonl`), `${lines.join('\n')}\n`)
    return writeFileSync(file, trafficPlot(lines.map((line) => JSON.parse(line))))
  }
  await linesOf(`${words} --${kind} ${file}`)
}

/** What `npm run sim -- overlay` prints. @throws Error when it refuses the words */
export async function linesOf(words: string): Promise<string[]> {
  const lines: string[] = []
  const errors: string[] = []
  const output = {
    log: (line: string) => lines.push(line),
    error: (line: string) => errors.push(line),
  }
  const code = await overlayCommand(['--json', ...words.split(' ')], output)
  if (code !== 0) throw new Error(errors.join('\n'))
  return lines
}

/** Runs the command, and returns what the process ends with. */
export async function picturesCommand(argv: readonly string[]): Promise<number> {
  const wrong = (detail: string): number => {
    const names = PICTURES.map(({ name }) => name).join(' ')
    console.error(`${detail}\n${PICTURES_USAGE}, NAME one of: ${names}`)
    return 3
  }
  let given: ReturnType<typeof parse>
  try {
    given = parse(argv)
  } catch (error) {
    return wrong((error as Error).message)
  }
  const { positionals, values } = given
  const unknown = positionals.filter((name) => !PICTURES.some((one) => one.name === name))
  if (unknown.length > 0) return wrong(`no picture is called ${unknown.join(', ')}`)
  const wanted = PICTURES.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  )
  for (const picture of wanted) {
    await draw(picture, values.into)
    console.log(join(values.into, `${picture.name}.svg`))
  }
  return 0
}

const parse = (argv: readonly string[]) =>
  parseArgs({
    args: [...argv],
    options: { into: { type: 'string', default: PICTURES_DIRECTORY } },
    allowPositionals: true,
    strict: true,
  })

/** `npm run sim -- traffic LINES.jsonl --plot FILE.svg`: draws what each node sends by the lines of runs. */
export function trafficCommand(argv: readonly string[]): number {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { plot: { type: 'string' } },
      allowPositionals: true,
      strict: true,
    })
    if (values.plot === undefined) throw new Error('--plot is needed')
    if (positionals.length === 0) throw new Error('a file with lines of a run is needed')
    const text = positionals.map((file) => readFileSync(file, 'utf8')).join('\n')
    const lines = text.split('\n').filter((line) => line.trim() !== '')
    writeFileSync(values.plot, trafficPlot(lines.map((line) => JSON.parse(line))))
    return 0
  } catch (error) {
    console.error(`${(error as Error).message}\n${TRAFFIC_USAGE}`)
    return 3
  }
}

const TRAFFIC_USAGE = 'usage: npm run sim -- traffic LINES.jsonl… --plot FILE.svg'

/**
 * Where the two programs of a bench run: on loopback, or at the two ends of a real link of a chosen
 * round trip and rate. For the latter `TROUPE_LINK` names a program that is called like this:
 *
 *     LINK up NAME RTT_MS RATE_MBIT      two ends `a` (10.77.0.1) and `b` (10.77.0.2); 0 is no limit
 *     LINK exec NAME a|b -- CMD [ARG…]   becomes the command, at that end
 *     LINK down NAME
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const tool = process.env['TROUPE_LINK']

export interface LinkPlan {
  /** As it stands in the cells. */
  readonly name: string
  /** Undefined: loopback. */
  readonly rttMs: number | undefined
  /** 0: no limit. */
  readonly rateMbit: number
}

export const LOOPBACK: LinkPlan = { name: 'loopback', rttMs: undefined, rateMbit: 0 }

/** The plans that can be measured here. Names the others on stderr. */
export function possible(bench: string, plans: readonly LinkPlan[]): readonly LinkPlan[] {
  if (tool !== undefined) return plans
  const left = plans.filter(({ rttMs }) => rttMs !== undefined).map(({ name }) => name)
  if (left.length > 0) {
    const which = [...new Set(left)].join('; ')
    console.error(`${bench}: NOT MEASURED, as TROUPE_LINK names no program (link.ts): ${which}`)
  }
  return plans.filter(({ rttMs }) => rttMs === undefined)
}

export class Link {
  /** The addresses of the ends `a` and `b`. */
  readonly near: string
  readonly far: string
  readonly #program: string | undefined
  readonly #id = `p${process.pid % 100_000}`
  readonly #programs: ChildProcess[] = []

  /** @throws Error when no program can make a link with a round-trip time */
  constructor({ rttMs, rateMbit }: LinkPlan) {
    this.near = rttMs === undefined ? '127.0.0.1' : '10.77.0.1'
    this.far = rttMs === undefined ? '127.0.0.1' : '10.77.0.2'
    if (rttMs === undefined) return
    if (tool === undefined) {
      throw new Error('set TROUPE_LINK to the program that makes a link (rivals/README.md)')
    }
    this.#program = tool
    const words = ['up', this.#id, String(rttMs), String(rateMbit)]
    execFileSync(tool, words, { stdio: ['ignore', 'ignore', 'inherit'] })
  }

  /** Starts a Node.js program at an end. */
  start(end: 'a' | 'b', args: readonly string[], settings: object = {}): ChildProcess {
    const env = { ...process.env, ...settings }
    const node = [process.execPath, ...process.execArgv, ...args]
    const words =
      this.#program === undefined ? node : [this.#program, 'exec', this.#id, end, '--', ...node]
    const child = spawn(words[0] as string, words.slice(1), {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#programs.push(child)
    return child
  }

  /** Ends the programs that still run, and the link. */
  down(): void {
    for (const child of this.#programs) if (child.exitCode === null) child.kill('SIGKILL')
    if (this.#program === undefined) return
    execFileSync(this.#program, ['down', this.#id], { stdio: 'ignore' })
  }
}

/** A program that is told lines of JSON and answers with lines of JSON. */
export class Dialogue {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(child: ChildProcess) {
    this.#child = child
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
    this.#lines = lines[Symbol.asyncIterator]()
  }

  async line<T>(): Promise<T> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`a program of the bench ended: ${this.#child.spawnargs.join(' ')}`)
    return JSON.parse(value as string) as T
  }

  tell(message: unknown): void {
    this.#child.stdin?.write(`${JSON.stringify(message)}\n`)
  }
}

export const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      text += more
      if (text.includes('\n')) resolve(text.split('\n')[0] as string)
    })
    child.on('close', (code) => reject(new Error(`a program ended with ${code}`)))
  })

/** All lines of JSON of a program that ends by itself. */
export const allLines = (child: ChildProcess): Promise<Record<string, number>[]> =>
  new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      text += more
    })
    child.on('close', (code) => {
      if (code !== 0) return reject(new Error(`a program ended with ${code}`))
      const found = text.split('\n').filter((line) => line.startsWith('{'))
      resolve(found.map((line) => JSON.parse(line) as Record<string, number>))
    })
  })

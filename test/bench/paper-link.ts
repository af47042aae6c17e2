import { type ChildProcess, execFileSync, spawn } from 'node:child_process'

/** Where two programs meet: loopback, or the ends of a link that the program of TROUPE_LINK makes. */
export class PaperLink {
  /** What `rivals/erlang/run.sh` calls it. */
  readonly name: string
  readonly near: string
  readonly far: string
  readonly #program: string | undefined
  readonly #id = `p${process.pid % 100_000}`

  /** `rttMs` 0: loopback. @throws Error when no program can make a link with a round-trip time */
  constructor(rttMs: number) {
    this.name = rttMs === 0 ? 'loop' : String(rttMs)
    this.near = rttMs === 0 ? '127.0.0.1' : '10.77.0.1'
    this.far = rttMs === 0 ? '127.0.0.1' : '10.77.0.2'
    if (rttMs === 0) return
    this.#program = process.env['TROUPE_LINK']
    if (this.#program === undefined) {
      throw new Error('set TROUPE_LINK to the program that makes a link (rivals/README.md)')
    }
    execFileSync(this.#program, ['up', this.#id, String(rttMs)], { stdio: 'ignore' })
  }

  /** Starts a Node.js program at an end. */
  start(end: 'a' | 'b', args: readonly string[], settings: object = {}): ChildProcess {
    const env = { ...process.env, ...settings }
    const stdio = ['ignore', 'pipe', 'inherit'] as const
    const node = [process.execPath, ...process.execArgv, ...args]
    if (this.#program === undefined) {
      return spawn(node[0] as string, node.slice(1), { env, stdio: [...stdio] })
    }
    return spawn(this.#program, ['exec', this.#id, end, '--', ...node], { env, stdio: [...stdio] })
  }

  down(): void {
    if (this.#program !== undefined) {
      execFileSync(this.#program, ['down', this.#id], { stdio: 'ignore' })
    }
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

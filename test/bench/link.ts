/**
 * Where the two programs of a bench run: on loopback, or at the two ends of a real link of a chosen
 * round trip and rate. For the latter `TROUPE_LINK` names a program that is called like this:
 *
 *     LINK up NAME RTT_MS RATE_MBIT      two ends `a` (10.77.0.1) and `b` (10.77.0.2); 0 is no limit
 *     LINK exec NAME a|b -- CMD [ARG…]   becomes the command, at that end
 *     LINK down NAME
 *
 * Without it the cells that need a link are left out, and the bench says so.
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
    const which = left.join('; ')
    console.error(`${bench}: NOT MEASURED, as TROUPE_LINK names no program (link.ts): ${which}`)
  }
  return plans.filter(({ rttMs }) => rttMs === undefined)
}

/** A program that prints JSON, a line each. */
export class Program {
  readonly child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream })
    this.#lines = lines[Symbol.asyncIterator]()
  }

  async line<T>(): Promise<T> {
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`a program of the bench ended: ${this.child.spawnargs.join(' ')}`)
    return JSON.parse(value as string) as T
  }

  tell(message: unknown): void {
    this.child.stdin?.write(`${JSON.stringify(message)}\n`)
  }
}

export class Link {
  readonly plan: LinkPlan
  /** The address of end `b`. */
  readonly host: string
  readonly #name = `troupe${process.pid}`
  readonly #programs: Program[] = []

  constructor(plan: LinkPlan) {
    this.plan = plan
    this.host = plan.rttMs === undefined ? '127.0.0.1' : '10.77.0.2'
    if (plan.rttMs === undefined) return
    const args = ['up', this.#name, String(plan.rttMs), String(plan.rateMbit)]
    execFileSync(tool as string, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  }

  /** Runs a TypeScript file at one end. */
  run(end: 'a' | 'b', file: string, ...args: string[]): Program {
    const node = ['--expose-gc', '--import', 'tsx', file, ...args]
    const program =
      this.plan.rttMs === undefined
        ? new Program(process.execPath, node)
        : new Program(tool as string, ['exec', this.#name, end, '--', process.execPath, ...node])
    this.#programs.push(program)
    return program
  }

  down(): void {
    for (const { child } of this.#programs) child.kill('SIGKILL')
    if (this.plan.rttMs === undefined) return
    execFileSync(tool as string, ['down', this.#name], { stdio: 'ignore' })
  }
}

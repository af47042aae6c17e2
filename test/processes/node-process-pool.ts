import { type ChildProcess, fork } from 'node:child_process'
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { bundledProcess } from './bundle.js'
import type { NodeHost } from './node-host.js'
import type { Answer, Command } from './node-process.js'

const FORK_MS = 30_000
const RESET_MS = 5_000
/** Idle processes that are kept for the next tests. */
const KEEP = 4

type Method = Exclude<keyof NodeHost, symbol>

export interface ForkOptions {
  readonly execArgv?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** How long it may take to start. Default 30,000. */
  readonly startMs?: number
}

/** One process with a node in it, as its parent sees it. */
export class NodeProcess {
  readonly child: ChildProcess
  /** Settles when the process is gone. */
  readonly gone: Promise<void>
  #alive = true
  #last = 0
  readonly #calls = new Map<number, (answer: Answer) => void>()

  private constructor(file: string, options: ForkOptions) {
    const { execArgv = [], env = {} } = options
    this.child = fork(file, {
      execArgv: [...execArgv],
      env: { ...process.env, ...env },
      serialization: 'advanced',
    })
    this.gone = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => {
        this.#alive = false
        const error = `process ${this.pid} is gone: ${signal ?? `exit code ${code}`}`
        for (const [id, settle] of this.#calls) settle({ id, error })
        resolve()
      })
    })
    this.child.on('message', (answer: Answer) => this.#calls.get(answer.id)?.(answer))
    this.child.on('error', () => {}) // a command to a process that is just dying: its exit is told apart
  }

  /** `born` gets it before it has started. */
  static async fork(
    options: ForkOptions = {},
    born?: (forked: NodeProcess) => void,
  ): Promise<NodeProcess> {
    const forked = new NodeProcess(await programFile(), options)
    born?.(forked)
    await forked.#answer(0, options.startMs ?? FORK_MS, 'to start')
    return forked
  }

  get pid(): number {
    return this.child.pid as number
  }

  get alive(): boolean {
    return this.#alive
  }

  /** Has the process do something; rejects with what it threw, and when it dies. */
  call<M extends Method>(
    method: M,
    ...args: Parameters<NodeHost[M]>
  ): Promise<Awaited<ReturnType<NodeHost[M]>>> {
    const id = ++this.#last
    const answer = this.#answer(id, 60_000, `to answer ${method}`)
    const command: Command = { id, method, args }
    this.child.send(command)
    return answer as Promise<Awaited<ReturnType<NodeHost[M]>>>
  }

  /** SIGKILL: it has no chance to say anything. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL')
    await this.gone
  }

  /** SIGSTOP: its connections stand, and it says nothing. */
  pause(): void {
    this.#signal('SIGSTOP')
  }

  resume(): void {
    this.#signal('SIGCONT')
  }

  /** Fit for the next test; false when it had to be killed. */
  async reset(): Promise<boolean> {
    if (!this.#alive) return false
    this.resume()
    try {
      const stopped = this.call('stop')
      await Promise.race([stopped, deadline(RESET_MS)])
      return true
    } catch {
      await this.kill()
      return false
    }
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#alive) process.kill(this.pid, signal)
  }

  #answer(id: number, withinMs: number, what: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(
        () => settle({ id, error: `process ${this.pid} took more than ${withinMs} ms ${what}` }),
        withinMs,
      )
      const settle = ({ value, error }: Answer): void => {
        clearTimeout(late)
        this.#calls.delete(id)
        if (error === undefined) resolve(value)
        else reject(new Error(error))
      }
      this.#calls.set(id, settle)
      if (!this.#alive) settle({ id, error: 'the process is gone' })
    })
  }
}

let program: Promise<string> | undefined

/** What they all run, bundled once for all tests of this process. */
function programFile(): Promise<string> {
  program ??= bundledProcess().then(({ file }) => {
    process.once('exit', () => rmSync(dirname(file), { recursive: true, force: true }))
    return file
  })
  return program
}

const idle: NodeProcess[] = []
const borrowed = new Set<NodeProcess>()

/**
 * Processes for the tests of the present suite. After each test their nodes are stopped and the
 * processes are used again; what cannot be is killed.
 */
export function useProcesses(): (count: number) => Promise<NodeProcess[]> {
  afterEach(async function () {
    this.timeout(60_000)
    await Promise.all(
      [...borrowed].map(async (process) => {
        borrowed.delete(process)
        if (!(await process.reset())) return
        else if (idle.length < KEEP) idle.push(process)
        else await process.kill()
      }),
    )
  })
  return async (count) => {
    const taken = idle.splice(0, count)
    for (const one of taken) borrowed.add(one)
    const missing = Array.from({ length: count - taken.length }, () => forkBorrowed())
    return [...taken, ...(await Promise.all(missing))]
  }
}

/** A process that is not like the others and ends after its test. */
export async function forkBorrowed(options?: ForkOptions): Promise<NodeProcess> {
  return await NodeProcess.fork(options, (forked) => borrowed.add(forked))
}

// Of the whole run: the idle ones outlive the suites that used them.
after(async () => {
  await Promise.all(idle.splice(0).map((process) => process.kill()))
})

function deadline(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`nothing within ${ms} ms`)), ms).unref()
  })
}

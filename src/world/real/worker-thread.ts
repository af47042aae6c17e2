import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  Worker,
  workerData,
} from 'node:worker_threads'
import { threadNetwork } from './thread-network.js'

export interface ThreadEvents {
  onMessage(message: unknown): void
  /** Once, last: it has ended. `error` is what it threw, as a whole thread. */
  onEnd(exitCode: number, error: unknown): void
}

export interface ThreadOptions {
  /** For logs, and for tools that list threads. */
  readonly name: string
  /** Modules that the thread loads before its own. */
  readonly imports: readonly string[]
  /** Some of its modules are TypeScript. */
  readonly typescript: boolean
  /** Its heap may become so large, in MiB; beyond, the thread ends. */
  readonly heapMiB?: number
}

/** What a thread is started with, beside what its starter gave. */
interface Ports {
  /** Between the two programs. */
  readonly desk: MessagePort
  /** Between the two networks. */
  readonly network: MessagePort
}

const PORTS = 'troupe/ports'

/**
 * A thread of this process, whose network is tied to that of this one. What is said between the two
 * programs has a port of its own, so `parentPort` is left to whoever else uses it.
 */
export class WorkerThread {
  readonly #worker: Worker
  readonly #desk: MessagePort
  #error: unknown

  /** @param gift anything that can be cloned · @throws DataCloneError for what cannot */
  constructor(main: URL, gift: object, options: ThreadOptions, events: ThreadEvents) {
    const { name, imports, heapMiB } = options
    const { port1, port2 } = new MessageChannel()
    const network = threadNetwork.addThread(name)
    const ports: Ports = { desk: port2, network }
    const load = [...imports, main.href].map(importOf)
    const tsx = options.typescript ? tsxModule() : undefined
    if (tsx !== undefined) load.unshift(`${importOf(tsx)}.then(({ register }) => void register())`)
    this.#desk = port1
    this.#worker = new Worker(
      load.reduce((before, next) => `${before}.then(() => ${next})`),
      {
        eval: true,
        name,
        workerData: { ...gift, [PORTS]: ports },
        transferList: [port2, network],
        ...(heapMiB !== undefined && { resourceLimits: { maxOldGenerationSizeMb: heapMiB } }),
      },
    )
    port1.on('message', (message) => events.onMessage(message))
    port1.unref() // the worker itself keeps the process alive
    this.#worker.on('error', (error) => {
      this.#error = error
    })
    this.#worker.on('exit', (exitCode) => {
      // its last words may still wait here: only those on `parentPort` are in order with its end
      for (let last = receiveMessageOnPort(port1); last; last = receiveMessageOnPort(port1)) {
        events.onMessage(last.message)
      }
      port1.close()
      events.onEnd(exitCode, this.#error)
    })
  }

  send(message: unknown): void {
    this.#desk.postMessage(message)
  }

  /** Ends it wherever it is. Resolves when it has; `onEnd` comes first. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }
}

const importOf = (module: string): string => `import(${JSON.stringify(module)})`

/**
 * A program that tsx compiles expects the same of its threads, which tsx does not do by itself on every
 * Node. This is what turns it on there.
 */
function tsxModule(): string | undefined {
  const words = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(' ')]
  if (!words.some((word) => /\btsx\b/.test(word))) return undefined
  const loader = words.find((word) => /^file:.*\/tsx\/dist\/loader\.mjs$/.test(word))
  return loader === undefined ? 'tsx/esm/api' : new URL('esm/api/index.mjs', loader).href
}

/** Inside of such a thread: its starter. */
export interface Starter<Gift> {
  readonly gift: Gift
  send(message: unknown): void
  onMessage(handle: (message: unknown) => void): void
}

/** Inside of such a thread, once: ties the networks and gives what the starter gave. */
export function starterOf<Gift>(): Starter<Gift> {
  const { [PORTS]: ports, ...gift } = workerData as { [PORTS]: Ports } & Gift
  threadNetwork.joinParent(ports.network)
  return {
    gift: gift as Gift,
    send: (message) => ports.desk.postMessage(message),
    onMessage: (handle) => void ports.desk.on('message', handle),
  }
}

/** A process of the tests: one node that does what it is told over IPC, see `NodeHost`. Ends with its parent. */
import { NodeHost } from './node-host.js'

export interface Command {
  readonly id: number
  readonly method: string
  readonly args: readonly unknown[]
}

export interface Answer {
  readonly id: number
  readonly value?: unknown
  readonly error?: string
}

const host = new NodeHost()

async function carryOut({ id, method, args }: Command): Promise<Answer> {
  const run = (host as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[method]
  try {
    return { id, value: await run?.apply(host, [...args]) }
  } catch (error) {
    return { id, error: error instanceof Error ? error.message : String(error) }
  }
}

process.on('disconnect', () => process.exit())
process.on('message', (command: Command) => {
  void carryOut(command).then((answer) => process.send?.(answer))
})
process.send?.({ id: 0 } satisfies Answer)

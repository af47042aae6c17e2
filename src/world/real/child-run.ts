import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const WAIT_MS = 100

/** Of this process, less what only one process can have. */
const execArgv = (): string[] => process.execArgv.filter((arg) => !arg.startsWith('--inspect'))

/**
 * Runs a module in a process of its own, hands it a request and gives its answer. The module calls
 * `answerParent`. `onWait` is called now and then while there is no answer.
 */
export function askChild(
  main: URL,
  env: Readonly<Record<string, string>>,
  request: unknown,
  timeoutMs: number,
  onWait: () => void = () => {},
): Promise<unknown> {
  const child = fork(fileURLToPath(main), [], {
    execArgv: execArgv(),
    env: { ...process.env, ...env },
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      reject(new Error(`the other process gave no answer in ${timeoutMs} ms`))
      child.kill('SIGKILL')
    }, timeoutMs)
    const waiting = setInterval(onWait, WAIT_MS)
    child.once('message', resolve)
    child.once('error', (error) => {
      clearTimeout(late)
      clearInterval(waiting)
      reject(error)
    })
    child.once('exit', (code, signal) => {
      clearTimeout(late)
      clearInterval(waiting)
      reject(new Error(`the other process ended with ${signal ?? code} and gave no answer`))
    })
    child.send(request as object)
  })
}

/** Answers the one request of the process that started this one, and ends. */
export function answerParent(answer: (request: unknown) => Promise<unknown>): void {
  process.once('message', (request) => {
    void answer(request).then((value) => {
      process.send?.(value, () => process.exit(0))
    })
  })
}

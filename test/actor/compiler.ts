import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Runs the TypeScript compiler on a project of this repository; rejects with what it prints. */
export const compile = (project: string): Promise<void> => run('npx', ['tsc', '-p', project])

/** Runs a program at the root of the repository; rejects with all it prints when it fails. */
export function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd: root }, (error, stdout, stderr) => {
      if (error === null) resolve()
      else reject(new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`))
    })
  })
}

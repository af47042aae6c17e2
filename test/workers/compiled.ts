import { execFileSync } from 'node:child_process'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const outDir = `${root}node_modules/.workers`

let done = false

/**
 * Sources and tests as plain JavaScript, as they are published: what tsx takes to load them, each thread
 * takes again. Resolves a path of the repository to its compiled file.
 */
export function compiled(path: string): URL {
  if (!done) {
    const options = ['--noEmit', 'false', '--noCheck', '--rootDir', '.', '--outDir', outDir]
    execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.', ...options], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
    done = true
  }
  return pathToFileURL(`${outDir}/${path}`)
}

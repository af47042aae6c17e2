import { readdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildSync } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const outdir = `${root}node_modules/.workers`

let done = false

const sources = (folder: string): string[] =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => `${root}${folder}/${file}`)

/**
 * Sources and tests as plain JavaScript, as they are published: what tsx takes to load them, each thread
 * takes again. Resolves a path of the repository to its compiled file.
 */
export function compiled(path: string): URL {
  if (!done) {
    buildSync({
      entryPoints: [...sources('src'), ...sources('test/workers')],
      outdir,
      outbase: root,
      format: 'esm',
      target: 'node20',
      keepNames: true,
      logLevel: 'error',
    })
    done = true
  }
  return pathToFileURL(`${outdir}/${path}`)
}

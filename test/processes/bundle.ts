import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const FILE = fileURLToPath(new URL('./node-process.ts', import.meta.url))
/** Below node_modules, so that packages are found from there. */
const PLACE = fileURLToPath(new URL('../../node_modules/.cache/troupe/', import.meta.url))

/**
 * The process of the tests as one file of JavaScript. It starts with a quarter of the work that the same
 * process costs through a loader, which tells where dozens start at once.
 */
export async function bundledProcess(): Promise<{
  readonly file: string
  remove(): Promise<void>
}> {
  await mkdir(PLACE, { recursive: true })
  const folder = await mkdtemp(join(PLACE, 'process-'))
  const file = join(folder, 'node-process.mjs')
  await build({
    entryPoints: [FILE],
    outfile: file,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    keepNames: true,
    logLevel: 'error',
  })
  return { file, remove: () => rm(folder, { recursive: true, force: true }) }
}

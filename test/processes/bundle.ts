import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const FILE = fileURLToPath(new URL('./node-process.ts', import.meta.url))
/** Below node_modules, so that packages are found from there. */
const PLACE = fileURLToPath(new URL('../../node_modules/.cache/troupe/', import.meta.url))

export interface Bundle {
  readonly file: string
  remove(): Promise<void>
}

/**
 * The process of the tests as one file of JavaScript. It starts with a quarter of the work that the same
 * process costs through a loader, which tells where dozens start at once.
 */
export const bundledProcess = (): Promise<Bundle> => bundled(FILE, { keepNames: true })

/** A module and all that it imports as one file of JavaScript. */
export async function bundled(
  entry: string,
  options: { readonly keepNames?: boolean } = {},
): Promise<Bundle> {
  await mkdir(PLACE, { recursive: true })
  const folder = await mkdtemp(join(PLACE, 'process-'))
  const file = join(folder, 'process.mjs')
  await build({
    entryPoints: [entry],
    outfile: file,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    ...options,
  })
  return { file, remove: () => rm(folder, { recursive: true, force: true }) }
}

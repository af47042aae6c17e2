import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync, transformSync } from 'esbuild'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Below node_modules, so that packages are found from there. */
const PLACE = `${ROOT}node_modules/.cache/troupe/`
const FOLDERS = ['src', 'test', 'examples']
/** Nobody runs them under Node, or they are compiled in another mode. */
const LEFT_OUT = /^test\/(fixtures|types|bench\/rivals)\/|\/diagram\/page\//
/** A run that began with other sources may still read what it compiled. */
const KEPT_MS = 3_600_000
const OPTIONS = { format: 'esm', target: 'node20', sourcemap: 'inline', logLevel: 'error' }

/**
 * The folder in which all modules of this repository lie as plain JavaScript, as they are published. Named by what
 * it is made of, so that runs and the processes of one run share it and none meets an old one.
 */
export function compiledTree() {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
      .map((file) => `${folder}/${file}`)
      .filter((file) => file.endsWith('.ts') && !LEFT_OUT.test(file)),
  ).sort()
  const hash = createHash('sha256').update(JSON.stringify(OPTIONS))
  for (const file of [...files, 'package.json', 'tsconfig.json', 'test/loader/tree.mjs']) {
    hash.update(`\0${file}\0`).update(readFileSync(ROOT + file))
  }
  const folder = `${PLACE}compiled-${hash.digest('hex').slice(0, 16)}`
  if (existsSync(folder)) return folder
  mkdirSync(PLACE, { recursive: true })
  removeOld()
  const making = mkdtempSync(join(PLACE, 'compiling-'))
  const { outputFiles } = buildSync({
    ...OPTIONS,
    absWorkingDir: ROOT,
    entryPoints: files,
    outdir: making,
    outbase: ROOT,
    write: false,
  })
  for (const { path, text } of outputFiles) {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, besideItsSource(text))
  }
  const manifest = readFileSync(`${ROOT}package.json`, 'utf8').replaceAll('./dist/', './src/')
  writeFileSync(join(making, 'package.json'), manifest)
  try {
    renameSync(making, folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
    rmSync(making, { recursive: true }) // another process was faster
  }
  return folder
}

/** One more module as plain JavaScript. */
export function compiledText(code) {
  const tsconfigRaw = { compilerOptions: { experimentalDecorators: true } }
  return transformSync(code, { ...OPTIONS, loader: 'ts', tsconfigRaw }).code
}

/** Its map names the source as seen from the tree; it is loaded as if it lay beside it. */
function besideItsSource(text) {
  return text.replace(/(?<=sourceMappingURL=data:application\/json;base64,)\S+/, (encoded) => {
    const map = JSON.parse(Buffer.from(encoded, 'base64').toString())
    const sources = map.sources.map((source) => basename(source))
    return Buffer.from(JSON.stringify({ ...map, sources, sourcesContent: undefined })).toString(
      'base64',
    )
  })
}

function removeOld() {
  for (const name of readdirSync(PLACE)) {
    if (!/^compil(ed|ing)-/.test(name)) continue
    const old = statSync(PLACE + name, { throwIfNoEntry: false })
    if (old !== undefined && old.mtimeMs < Date.now() - KEPT_MS) {
      rmSync(PLACE + name, { recursive: true, force: true })
    }
  }
}

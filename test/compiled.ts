import { type ExecFileException, execFile } from 'node:child_process'
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
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildSync, transformSync } from 'esbuild'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Below node_modules, so that packages are found from there. */
const PLACE = `${ROOT}node_modules/.cache/troupe/`
const FOLDERS = ['src', 'test', 'examples']
/** Nobody runs them: tests themselves, and what is compiled in another mode. */
const LEFT_OUT = /\.test\.ts$|^test\/(fixtures|types|bench\/rivals)\/|\/diagram\/page\//
/** A run that began with other sources may still read what it compiled. */
const KEPT_MS = 3_600_000
const OPTIONS = { format: 'esm', target: 'node20', keepNames: true, logLevel: 'error' } as const

export interface Ended {
  /** -1: a signal ended it. */
  readonly code: number
  readonly out: string
  readonly err: string
}

let made: string | undefined

/**
 * Sources, tests and examples as plain JavaScript, as they are published: what tsx takes to load them, each process
 * and each thread takes again. Resolves a path of the repository to its compiled file, of which `troupe` are the
 * sources beside it.
 */
export function compiled(path: string): URL {
  made ??= tree()
  return pathToFileURL(`${made}/${path}`)
}

/** Imports a module of the tree: what threads and processes answer is made of the same classes then. */
export const compiledImport = async <T>(path: string): Promise<T> =>
  (await import(compiled(path).href)) as T

/** Puts a program in the tree, in the folder `test`. */
export function compileProgram(name: string, code: string): URL {
  const tsconfigRaw = { compilerOptions: { experimentalDecorators: true } }
  const file = compiled(`test/${name}.js`)
  writeFileSync(file, transformSync(code, { ...OPTIONS, loader: 'ts', tsconfigRaw }).code)
  return file
}

/** Runs a module of the tree to its end, at the root of the repository unless told otherwise. */
export function runCompiled(
  module: string | URL,
  words: readonly string[] = [],
  options: { readonly cwd?: string; readonly flags?: readonly string[] } = {},
): Promise<Ended> {
  const { cwd = ROOT, flags = [] } = options
  const args = [
    ...flags,
    fileURLToPath(typeof module === 'string' ? compiled(module) : module),
    ...words,
  ]
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd }, (error: ExecFileException | null, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err })
    })
  })
}

/** Named by what it is made of, so that runs and the processes of one run share it and none meets an old one. */
function tree(): string {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(ROOT + folder, { recursive: true, encoding: 'utf8' })
      .map((file) => `${folder}/${file}`)
      .filter((file) => file.endsWith('.ts') && !LEFT_OUT.test(file)),
  ).sort()
  const hash = createHash('sha256')
  for (const file of [...files, 'package.json', 'tsconfig.json']) {
    hash.update(`\0${file}\0`).update(readFileSync(ROOT + file))
  }
  const folder = `${PLACE}compiled-${hash.digest('hex').slice(0, 16)}`
  if (existsSync(folder)) return folder
  mkdirSync(PLACE, { recursive: true })
  removeOld()
  const making = mkdtempSync(join(PLACE, 'compiling-'))
  buildSync({
    ...OPTIONS,
    absWorkingDir: ROOT,
    entryPoints: files,
    outdir: making,
    outbase: ROOT,
  })
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

function removeOld(): void {
  for (const name of readdirSync(PLACE)) {
    if (!/^compil(ed|ing)-/.test(name)) continue
    const old = statSync(PLACE + name, { throwIfNoEntry: false })
    if (old !== undefined && old.mtimeMs < Date.now() - KEPT_MS) {
      rmSync(PLACE + name, { recursive: true, force: true })
    }
  }
}

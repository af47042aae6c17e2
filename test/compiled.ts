import { type ExecFileException, execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compiledText, compiledTree, ROOT } from './loader/tree.mjs'

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
  made ??= compiledTree()
  return pathToFileURL(`${made}/${path}`)
}

/** Imports a module of the tree: what threads and processes answer is made of the same classes then. */
export const compiledImport = async <T>(path: string): Promise<T> =>
  (await import(compiled(path).href)) as T

/** Puts a program in the tree, in the folder `test`. */
export function compileProgram(name: string, code: string): URL {
  const file = compiled(`test/${name}.js`)
  writeFileSync(file, compiledText(code))
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

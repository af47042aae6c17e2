import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { TroupeError } from '../../base/errors.js'

/** Why a file cannot be run. */
export class BadModule extends Error {
  override readonly name = 'BadModule'
}

const TYPESCRIPT = /\.[cm]?tsx?$/
const CODE = /\.[cm]?[jt]sx?$/

/**
 * Finds a file that a user wrote.
 * @param own this package's folder: the file must import the same copy
 * @returns its `file:` URL
 * @throws BadModule
 */
export function userModule(path: string, own: URL): string {
  const file = resolve(path)
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new BadModule(`${path}: there is no such file`)
  }
  if (!CODE.test(file)) {
    throw new BadModule(`${path}: expected a module of TypeScript or JavaScript (.ts, .js, .mjs …)`)
  }
  sameCopy(path, file, own)
  if (/\.tsx?$/.test(file) && moduleType(file) !== 'module') {
    throw new BadModule(
      `${path} counts as CommonJS, and troupe is of ES modules: give its package.json "type": "module", or name it .mts`,
    )
  }
  return pathToFileURL(file).href
}

/** A scenario and the command that runs it must be of one troupe: classes of another are strangers. */
function sameCopy(path: string, file: string, own: URL): void {
  const theirs = packageOf('troupe', file)
  if (theirs === undefined) return
  const ours = realpathSync(fileURLToPath(own))
  if (realpathSync(theirs) === ours) return
  throw new BadModule(
    `${path} imports the troupe in ${theirs}, and this command is of the one in ${ours}: run npx troupe in the folder of that project`,
  )
}

/** Where the package lies that a file would import; undefined: nowhere. */
function packageOf(name: string, file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (fieldIn(folder, 'name') === name) return folder
    const installed = join(folder, 'node_modules', name)
    if (existsSync(join(installed, 'package.json'))) return installed
    if (dirname(folder) === folder) return undefined
  }
}

/** What the nearest package.json says of a file. */
function moduleType(file: string): unknown {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return fieldIn(folder, 'type')
    if (dirname(folder) === folder) return undefined
  }
}

function fieldIn(folder: string, field: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))[field]
  } catch {
    return undefined
  }
}

/**
 * What a thread has to load before these modules, `file:` URLs: where one is TypeScript, tsx as it is installed beside
 * that one.
 * @throws TroupeError ERR_PACKAGE_MISSING where it is not
 */
export function loadersFor(modules: readonly string[]): string[] {
  const url = modules.find((module) => module.startsWith('file:') && TYPESCRIPT.test(module))
  if (url === undefined) return []
  const require = createRequire(url)
  try {
    // what is resolved for require has a twin for import
    return [registering(require.resolve('tsx/esm/api').replace(/\.cjs$/, '.mjs'))]
  } catch {
    const file = fileURLToPath(url)
    throw new TroupeError(
      'ERR_PACKAGE_MISSING',
      `${file} is TypeScript, which needs the package tsx: npm install --save-dev tsx`,
    )
  }
}

/** A module that calls `register` of another. */
function registering(file: string): string {
  const { href } = pathToFileURL(file)
  const code = `import { register } from ${JSON.stringify(href)}; register()`
  return `data:text/javascript,${encodeURIComponent(code)}`
}

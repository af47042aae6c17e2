/**
 * Hooks of Node's module loader, in a thread of their own: TypeScript of this repository is what `tree.mjs` made of it, under
 * its own name. Nothing of tests belongs here.
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compiledText } from './tree.mjs'

let root
let tree

export function initialize(data) {
  root = pathToFileURL(data.root).href
  tree = data.tree
}

const isOurs = (url) => url?.startsWith(root) === true && !url.includes('/node_modules/')

/** As TypeScript does: `./a.js` is `./a.ts` where that exists, and `troupe` are the sources. */
export async function resolve(specifier, context, next) {
  if (isOurs(context.parentURL)) {
    if (/^\.{1,2}\/.*\.js(\?|$)/.test(specifier)) {
      const url = new URL(specifier.replace(/\.js(\?|$)/, '.ts$1'), context.parentURL)
      if (existsSync(fileURLToPath(url))) return moduleAt(url)
    }
    const entry = /^troupe(\/[a-z]+)?$/.exec(specifier)
    if (entry !== null) {
      const url = new URL(`src${entry[1] ?? ''}/index.ts`, root)
      if (existsSync(fileURLToPath(url))) return moduleAt(url)
    }
  }
  return next(specifier, context)
}

const moduleAt = (url) => ({ url: url.href, format: 'module', shortCircuit: true })

export async function load(url, context, next) {
  if (!isOurs(url) || !/\.ts(\?|$)/.test(url)) return next(url, context)
  const file = fileURLToPath(url)
  const made = `${tree}/${url.slice(root.length).replace(/\.ts(\?.*)?$/, '.js')}`
  const source = existsSync(made)
    ? await readFile(made, 'utf8')
    : compiledText(await readFile(file, 'utf8'))
  return { format: 'module', source, shortCircuit: true }
}

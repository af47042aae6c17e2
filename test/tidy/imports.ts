import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import type { Source } from './source.js'

export interface Import {
  /** As written. */
  readonly specifier: string
  /** The file it means, for a relative one: `src/base/heap.ts`. */
  readonly target: string | undefined
  readonly typeOnly: boolean
}

const FROM =
  /\b(import|export)\s+(type\s+)?((?:[\w*$\s,{}]|\btype\b)*?)\s*\bfrom\s*(['"])([^'"]+)\4/g
const BARE = /\bimport\s*(['"])([^'"]+)\1/g
/** `import('x').Name` in a type has a name behind it; the call is awaited or handed on. */
const CALL = /\bimport\s*\(\s*(['"])([^'"]+)\1\s*\)(\s*\.\s*[A-Z])?/g

export function importsOf(source: Source): Import[] {
  const found: Import[] = []
  const add = (specifier: string, typeOnly: boolean): void => {
    const target = specifier.startsWith('.')
      ? posix.join(posix.dirname(source.path), specifier).replace(/\.js$/, '.ts')
      : undefined
    found.push({ specifier, target, typeOnly })
  }
  for (const [, , type, names = '', , specifier = ''] of source.uncommented.matchAll(FROM)) {
    add(specifier, type !== undefined || onlyTypes(names))
  }
  for (const [, , specifier = ''] of source.uncommented.matchAll(BARE)) add(specifier, false)
  for (const [, , specifier = '', name] of source.uncommented.matchAll(CALL)) {
    add(specifier, name !== undefined)
  }
  return found
}

/** `{ type A, type B }` */
function onlyTypes(names: string): boolean {
  const inner = /^\{(.*)\}$/s.exec(names.trim())?.[1]
  if (inner === undefined) return false
  const each = inner.split(',').filter((name) => name.trim() !== '')
  return each.length > 0 && each.every((name) => /^\s*type\s/.test(name))
}

export const isBuiltin = (specifier: string): boolean =>
  specifier.startsWith('node:') || builtinModules.includes(specifier.split('/')[0] ?? '')

/** Every circle of edges, as the nodes on it from its least one on. */
export function circles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const found = new Map<string, string[]>()
  const done = new Set<string>()
  const path: string[] = []
  const visit = (node: string): void => {
    const at = path.indexOf(node)
    if (at >= 0) {
      const circle = path.slice(at)
      const least = circle.indexOf(circle.slice().sort()[0] ?? '')
      const turned = [...circle.slice(least), ...circle.slice(0, least)]
      found.set(turned.join(), turned)
      return
    }
    if (done.has(node)) return
    path.push(node)
    for (const next of edges.get(node) ?? []) visit(next)
    path.pop()
    done.add(node)
  }
  for (const node of [...edges.keys()].sort()) visit(node)
  return [...found.values()]
}

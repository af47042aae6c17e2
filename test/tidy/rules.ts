import { circles, importsOf, isBuiltin } from './imports.js'
import type { Source } from './source.js'

/** Takes all sources and names what breaks the rule, a line each. */
export type Rule = (sources: readonly Source[]) => string[]

const BELOW_NODE = [
  'base',
  'world',
  'wire',
  'peer',
  'overlay',
  'broadcast',
  'delivery',
  'cluster',
  'actor',
  'supervision',
  'remote',
]

/** The arrows of the house (docs/architecture.md). A room may import itself and these. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  world: ['base'],
  wire: ['base'],
  peer: ['base', 'world', 'wire'],
  fault: ['base', 'world', 'wire'],
  overlay: ['base'],
  broadcast: ['base'],
  delivery: ['base', 'wire'],
  cluster: ['base', 'world', 'wire', 'peer', 'overlay', 'broadcast', 'delivery'],
  actor: ['base', 'world'],
  supervision: ['base', 'world', 'actor'],
  remote: ['base', 'world', 'wire', 'actor', 'supervision', 'cluster'],
  broker: ['base', 'world', 'peer', 'overlay', 'cluster'],
  lmdb: ['base', 'world'],
  node: [...BELOW_NODE, 'broker'],
  workers: [...BELOW_NODE, 'node'],
  root: [...BELOW_NODE, 'node', 'workers'],
  simulation: [...BELOW_NODE, 'fault', 'node', 'root'],
  verification: [...BELOW_NODE, 'fault', 'node', 'root', 'simulation'],
  models: [...BELOW_NODE, 'fault', 'node', 'root', 'simulation', 'verification'],
  testing: [...BELOW_NODE, 'fault', 'node', 'root', 'simulation', 'verification'],
  cli: [...BELOW_NODE, 'fault', 'node', 'root', 'simulation', 'verification'],
}

/** Single files that a room may import beyond its arrows. */
const ALSO: readonly { room: string; file: string; typeOnly: boolean }[] = [
  // What a member is, is said once, in the overlay contract.
  { room: 'peer', file: 'src/overlay/overlay.ts', typeOnly: true },
  { room: 'wire', file: 'src/overlay/overlay.ts', typeOnly: true },
  { room: 'remote', file: 'src/overlay/overlay.ts', typeOnly: true },
  { room: 'fault', file: 'src/peer/gate.ts', typeOnly: false },
  { room: 'fault', file: 'src/peer/passage.ts', typeOnly: false },
]

/** The rooms that build worlds, and the one that has sockets by a package. All others take theirs as they are handed it. */
const REACH_REAL = new Set([
  'node',
  'workers',
  'root',
  'simulation',
  'verification',
  'models',
  'testing',
  'broker',
  'cli',
])

const isReal = (path: string): boolean => path.startsWith('src/world/real/')

/** Guards stand in for the globals of whoever is simulated: they have to touch them. */
const isGuard = (path: string): boolean => path.startsWith('src/simulation/guards/')

export const importsFollowTheArrows: Rule = (sources) =>
  sources.flatMap((source) => {
    const allowed = MAY_IMPORT[source.room]
    if (allowed === undefined) return [`${source.path}: ${source.room} is not a room of the house`]
    return importsOf(source).flatMap(({ target, specifier, typeOnly }) => {
      if (target === undefined) return []
      if (!target.startsWith('src/')) return [`${source.path}: ${specifier} lies outside src`]
      if (isReal(target) && !isReal(source.path) && !REACH_REAL.has(source.room)) {
        return [`${source.path}: ${source.room} may not reach into world/real (${specifier})`]
      }
      const parts = target.split('/')
      const room = parts.length > 2 ? (parts[1] ?? '') : 'root'
      if (room === source.room || allowed.includes(room)) return []
      const also = ALSO.some(
        (one) => one.room === source.room && one.file === target && (typeOnly || !one.typeOnly),
      )
      return also ? [] : [`${source.path}: ${source.room} may not import ${room} (${specifier})`]
    })
  })

/** Which packages a room may use; the rest of the world is `node:`, for world/real only. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  base: ['ulid'],
  wire: ['msgpackr'],
  peer: ['eventemitter3'],
  cluster: ['eventemitter3'],
  actor: ['eventemitter3', 'reflect-metadata'],
  supervision: ['eventemitter3'],
  remote: ['eventemitter3'],
  broker: ['amqplib'],
  lmdb: ['lmdb'],
  models: ['fast-check'],
  node: ['eventemitter3'],
  workers: ['eventemitter3'],
  simulation: ['eventemitter3'],
}

export const packagesStayInTheirRooms: Rule = (sources) =>
  sources.flatMap((source) =>
    importsOf(source).flatMap(({ specifier, target }) => {
      if (target !== undefined) return []
      if (isBuiltin(specifier)) {
        const fine = isReal(source.path) || isGuard(source.path)
        return fine ? [] : [`${source.path}: ${specifier} outside world/real`]
      }
      const allowed = PACKAGES[source.room] ?? []
      return allowed.includes(specifier) ? [] : [`${source.path}: package ${specifier}`]
    }),
  )

/** Types vanish, so they may be mutual; values may not. */
export const filesDoNotImportInCircles: Rule = (sources) => {
  const edges = new Map(
    sources.map((source) => [
      source.path,
      new Set(importsOf(source).flatMap((one) => (one.typeOnly ? [] : (one.target ?? [])))),
    ]),
  )
  return circles(edges).map((circle) => `circle: ${circle.join(' → ')}`)
}

export const roomsDoNotImportInCircles: Rule = (sources) => {
  const edges = new Map<string, Set<string>>()
  const roomOf = new Map(sources.map((source) => [source.path, source.room]))
  for (const source of sources) {
    const to = edges.get(source.room) ?? new Set()
    edges.set(source.room, to)
    for (const { target, typeOnly } of importsOf(source)) {
      const room = target === undefined ? undefined : roomOf.get(target)
      if (room !== undefined && room !== source.room && !typeOnly) to.add(room)
    }
  }
  return circles(edges).map((circle) => `circle of rooms: ${circle.join(' → ')}`)
}

export const importedFilesAreThere: Rule = (sources) => {
  const paths = new Set(sources.map((source) => source.path))
  return sources.flatMap((source) =>
    importsOf(source).flatMap(({ target, specifier }) =>
      target?.startsWith('src/') && !paths.has(target)
        ? [`${source.path}: ${specifier} is no file`]
        : [],
    ),
  )
}

const GLOBAL = String.raw`(?<![.\w$#]|\bfunction\s)`
/** What reaches outside. `new Date(ms)` is a pure value and allowed; `new Date()` is a clock. */
const OUTSIDE: readonly RegExp[] = [
  /\bDate\s*\.\s*now\b/,
  /\bnew\s+Date\b(?!\s*\(\s*[^\s)])/,
  new RegExp(`${GLOBAL}(?<!new\\s+)Date\\s*\\(`),
  /\bMath\s*\.\s*random\b/,
  new RegExp(`${GLOBAL}(set|clear)(Timeout|Interval|Immediate)\\b(?!\\s*[?]?:)`),
  new RegExp(`${GLOBAL}queueMicrotask\\b(?!\\s*[?]?:)`),
  new RegExp(`${GLOBAL}performance\\s*(\\?\\.|\\.|\\[)`),
  new RegExp(`${GLOBAL}process\\s*(\\?\\.|\\.|\\[)`),
  new RegExp(`${GLOBAL}(crypto|console|globalThis)\\s*(\\?\\.|\\.|\\[)`),
  new RegExp(`${GLOBAL}(fetch|require)\\s*\\(`),
  /\bAbortSignal\s*\.\s*timeout\b/,
]

export const nothingReachesOutside: Rule = (sources) =>
  sources
    .filter((source) => !isReal(source.path) && !isGuard(source.path))
    .flatMap((source) =>
      source.code.split('\n').flatMap((line, at) =>
        OUTSIDE.flatMap((pattern) => {
          const found = pattern.exec(line)
          return found === null ? [] : [`${source.path}:${at + 1}: ${found[0].trim()}`]
        }),
      ),
    )

/** Cores are machines: an event in, effects out, now. */
export const coresAreSynchronous: Rule = (sources) =>
  sources
    .filter(({ room }) => ['overlay', 'broadcast', 'delivery'].includes(room))
    .flatMap((source) =>
      [...source.code.matchAll(/\b(async|await|Promise|Logger)\b/g)].map(
        ([word]) => `${source.path}: ${word} in a core`,
      ),
    )

export const LINES_MAX = 400

export const filesAreShort: Rule = (sources) =>
  sources.flatMap((source) => {
    const lines = source.text.trimEnd().split('\n').length
    return lines > LINES_MAX ? [`${source.path}: ${lines} lines, at most ${LINES_MAX}`] : []
  })

const VAGUE = /^(utils?|helpers?|types|managers?|misc|common)$/

export const filesAreNamedByANoun: Rule = (sources) =>
  sources.flatMap((source) => {
    const names = source.path.replace(/\.ts$/, '').split('/').slice(1)
    return names.flatMap((name) => {
      if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) return [`${source.path}: not kebab-case`]
      return name.split('-').some((word) => VAGUE.test(word)) ? [`${source.path}: vague name`] : []
    })
  })

/** Peers know nothing of actors. Comments count: they would explain one by the other. */
export const clusterDoesNotKnowActors: Rule = (sources) =>
  sources
    .filter((source) => source.room === 'cluster')
    .flatMap((source) =>
      source.text.split('\n').flatMap((line, at) => {
        const words = line.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g) ?? []
        const told = words.some((word) => /^actors?$/i.test(word))
        return told ? [`${source.path}:${at + 1}: ${line.trim()}`] : []
      }),
    )

export const nothingIsLeftToDo: Rule = (sources) =>
  sources.flatMap((source) =>
    source.text.split('\n').flatMap((line, at) => {
      const found = /\b(TODO|FIXME|XXX|HACK)\b/.exec(line)
      return found === null ? [] : [`${source.path}:${at + 1}: ${found[0]}`]
    }),
  )

/**
 * V8 puts a function that is assigned to a property straight into its old generation, and with it keeps
 * all that the function sees until the next major collection. A field's initialiser or a name of its own does not.
 */
export const noFunctionIsAssignedToAProperty: Rule = (sources) =>
  sources.flatMap((source) =>
    [
      ...source.code.matchAll(
        /\.\s*#?\w+\s*(\?\?|\|\||&&)?=\s*(async\b\s*)?(function\b|\w+\s*=>|\([^()]*(\([^()]*\)[^()]*)*\)\s*(:[^=;{}]+)?=>)/g,
      ),
    ].map(([found]) => `${source.path}: ${found.split('\n')[0]}`),
  )

/** For test sources. */
export const noTestIsLeftOut: Rule = (sources) =>
  sources.flatMap((source) =>
    [
      ...source.code.matchAll(
        /\b(it|describe|context|specify|suite|test)\s*\.\s*(only|skip)\b|\bx(it|describe)\s*\(/g,
      ),
    ].map(([found]) => `${source.path}: ${found}`),
  )

import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { circles, importsOf } from './tidy/imports.js'
import {
  clusterDoesNotKnowActors,
  coresAreSynchronous,
  filesAreNamedByANoun,
  filesAreShort,
  filesDoNotImportInCircles,
  importedFilesAreThere,
  importsFollowTheArrows,
  LINES_MAX,
  MAY_IMPORT,
  noFunctionIsAssignedToAProperty,
  noTestIsLeftOut,
  nothingIsLeftToDo,
  nothingReachesOutside,
  packagesStayInTheirRooms,
  type Rule,
  roomsDoNotImportInCircles,
} from './tidy/rules.js'
import { readSources, Source } from './tidy/source.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const RULES: Readonly<Record<string, Rule>> = {
  'imports follow the arrows of the house': importsFollowTheArrows,
  'packages stay in their rooms, and node: in world/real': packagesStayInTheirRooms,
  'files do not import each other in circles': filesDoNotImportInCircles,
  'rooms do not import each other in circles': roomsDoNotImportInCircles,
  'every imported file is there': importedFilesAreThere,
  'nothing outside world/real reaches for clock, timers, randomness or process':
    nothingReachesOutside,
  'cores are synchronous': coresAreSynchronous,
  'files are short': filesAreShort,
  'files are named by a noun in kebab-case': filesAreNamedByANoun,
  'the cluster does not know the word actor': clusterDoesNotKnowActors,
  'nothing is left to do': nothingIsLeftToDo,
  'no function is assigned to a property': noFunctionIsAssignedToAProperty,
}

describe('the house is tidy', () => {
  const sources = readSources(ROOT, 'src')

  it('has sources to look at', () => {
    assert.isAbove(sources.length, 50)
    assert.isTrue(sources.some((source) => source.path === 'src/world/real/real-world.ts'))
    assert.isAbove(sources.flatMap(importsOf).length, 100)
  })

  for (const [sentence, rule] of Object.entries(RULES)) {
    it(sentence, () => assert.deepEqual(rule(sources), []))
  }

  it('no test is left out', () => {
    assert.deepEqual(noTestIsLeftOut(readSources(ROOT, 'test')), [])
  })

  it('the arrows themselves have no circle', () => {
    const edges = new Map(Object.entries(MAY_IMPORT).map(([room, to]) => [room, new Set(to)]))
    assert.deepEqual(circles(edges), [])
    for (const to of Object.values(MAY_IMPORT)) assert.containsAllKeys(MAY_IMPORT, [...to, 'base'])
  })
})

/** Files by path; what each rule says about them. */
type Example = Readonly<Record<string, string>>

const judge = (rule: Rule, files: Example): string[] =>
  rule(Object.entries(files).map(([path, text]) => new Source(path, text)))

const BAD: readonly [string, Rule, Example][] = [
  [
    'an arrow upwards',
    importsFollowTheArrows,
    {
      'src/base/x.ts': "import { a } from '../world/a.js'",
    },
  ],
  [
    'an arrow upwards over several lines',
    importsFollowTheArrows,
    {
      'src/overlay/x.ts': "import {\n  a,\n  b,\n} from '../world/a.js'",
    },
  ],
  [
    'a type from a room that is not allowed',
    importsFollowTheArrows,
    {
      'src/overlay/x.ts': "import type { A } from '../peer/a.js'",
    },
  ],
  [
    'a re-export',
    importsFollowTheArrows,
    {
      'src/wire/x.ts': "export * from '../peer/a.js'",
    },
  ],
  [
    'an import for its effect',
    importsFollowTheArrows,
    {
      'src/wire/x.ts': "import '../peer/a.js'",
    },
  ],
  [
    'a dynamic import',
    importsFollowTheArrows,
    {
      'src/wire/x.ts': "const a = await import('../peer/a.js')",
    },
  ],
  [
    'a type query',
    importsFollowTheArrows,
    {
      'src/wire/x.ts': "let a: import('../peer/a.js').A",
    },
  ],
  [
    'a value where only types are allowed',
    importsFollowTheArrows,
    {
      'src/peer/x.ts': "import { NO_EFFECTS, type Member } from '../overlay/overlay.js'",
    },
  ],
  [
    'another file of a room of which one is allowed',
    importsFollowTheArrows,
    {
      'src/peer/x.ts': "import type { FullMesh } from '../overlay/full-mesh.js'",
    },
  ],
  [
    'world/real from a room that is handed its world',
    importsFollowTheArrows,
    {
      'src/cluster/x.ts': "import { realTurn } from '../world/real/real-turn.js'",
    },
  ],
  [
    'world/real from the interfaces',
    importsFollowTheArrows,
    {
      'src/world/x.ts': "import { realTurn } from './real/real-turn.js'",
    },
  ],
  [
    'simulation from production code',
    importsFollowTheArrows,
    {
      'src/index.ts': "export { Simulation } from './simulation/index.js'",
    },
  ],
  ['a room nobody knows', importsFollowTheArrows, { 'src/attic/x.ts': '' }],
  [
    'a file outside src',
    importsFollowTheArrows,
    {
      'src/base/x.ts': "import { a } from '../../test/a.js'",
    },
  ],
  ['a builtin', packagesStayInTheirRooms, { 'src/peer/x.ts': "import net from 'node:net'" }],
  [
    'a builtin without node:',
    packagesStayInTheirRooms,
    {
      'src/peer/x.ts': "import { readFile } from 'fs/promises'",
    },
  ],
  [
    'a builtin’s type',
    packagesStayInTheirRooms,
    {
      'src/simulation/x.ts': "import type net from 'node:net'",
    },
  ],
  [
    'a package elsewhere',
    packagesStayInTheirRooms,
    {
      'src/peer/x.ts': "import { pack } from 'msgpackr'",
    },
  ],
  [
    'two files in a circle',
    filesDoNotImportInCircles,
    {
      'src/base/a.ts': "import { b } from './b.js'",
      'src/base/b.ts': "import { a } from './a.js'",
    },
  ],
  [
    'a longer circle with a re-export in it',
    filesDoNotImportInCircles,
    {
      'src/base/a.ts': "import { type T, b } from './b.js'",
      'src/base/b.ts': "export * from './c.js'",
      'src/base/c.ts': "import './a.js'",
    },
  ],
  [
    'two rooms in a circle',
    roomsDoNotImportInCircles,
    {
      'src/peer/a.ts': "import { b } from '../wire/b.js'",
      'src/wire/b.ts': '',
      'src/wire/c.ts': "import { d } from '../peer/d.js'",
      'src/peer/d.ts': '',
    },
  ],
  [
    'a file that is not there',
    importedFilesAreThere,
    {
      'src/base/a.ts': "import type { B } from './b.js'",
    },
  ],
  ...[
    'Date.now()',
    'new Date()',
    'const d = new Date',
    'Date()',
    'Math.random()',
    'setTimeout(run, 5)',
    'const later = setTimeout',
    'clearTimeout(t)',
    'setInterval(run, 5)',
    'setImmediate(run)',
    'queueMicrotask(run)',
    'performance.now()',
    'process.env.X',
    "process['env']",
    'process?.on',
    'globalThis.setTimeout(run)',
    'crypto.randomUUID()',
    "console.log('x')",
    'fetch(url)',
    "require('fs')",
    'AbortSignal.timeout(5)',
    `\`\${Date.now()}\``,
    `\`a \${b ? \`c \${Math.random()}\` : 1} d\``,
    "const s = 'it'; Date.now() // '",
    'const r = /[/"]/; Date.now(); const q = "',
    'const half = (a + b) / 2; Date.now(); const x = 1 / 2',
  ].map((code): [string, Rule, Example] => [
    code,
    nothingReachesOutside,
    { 'src/peer/x.ts': code },
  ]),
  ['an await in a core', coresAreSynchronous, { 'src/overlay/x.ts': 'await null' }],
  ['a promise in a core', coresAreSynchronous, { 'src/delivery/x.ts': 'let p: Promise<void>' }],
  ['a long file', filesAreShort, { 'src/base/x.ts': 'x\n'.repeat(LINES_MAX + 1) }],
  ['camel case', filesAreNamedByANoun, { 'src/base/ringQueue.ts': '' }],
  ['a capital', filesAreNamedByANoun, { 'src/base/Heap.ts': '' }],
  ['a vague name', filesAreNamedByANoun, { 'src/base/utils.ts': '' }],
  ['a vague part of a name', filesAreNamedByANoun, { 'src/base/string-helpers.ts': '' }],
  ['a vague room', filesAreNamedByANoun, { 'src/types/x.ts': '' }],
  ['a name with actor in it', clusterDoesNotKnowActors, { 'src/cluster/x.ts': 'remoteActorId' }],
  ['an upper-case actor', clusterDoesNotKnowActors, { 'src/cluster/x.ts': 'const MAX_ACTORS = 1' }],
  ['a comment about actors', clusterDoesNotKnowActors, { 'src/cluster/x.ts': '// for actors' }],
  ['a note to oneself', nothingIsLeftToDo, { 'src/base/x.ts': '// TODO: later' }],
  ['a single test', noTestIsLeftOut, { 'test/x.test.ts': "it.only('x', () => {})" }],
  ['a skipped suite', noTestIsLeftOut, { 'test/x.test.ts': "describe.skip('x', () => {})" }],
  ...[
    'this.#run = () => this.go()',
    'this.run ??= async (x: number): Promise<void> => go(x)',
    'at.send = function send() {}',
    'at.send = x => x',
  ].map((code): [string, Rule, Example] => [
    code,
    noFunctionIsAssignedToAProperty,
    { 'src/base/x.ts': code },
  ]),
]

const GOOD: readonly [string, Rule, Example][] = [
  [
    'arrows downwards, and within a room',
    importsFollowTheArrows,
    {
      'src/peer/x.ts': "import { a } from '../wire/a.js'\nimport { b } from './b.js'",
      'src/node/x.ts': "import { realWorld } from '../world/real/real-world.js'",
    },
  ],
  [
    'the type of a member',
    importsFollowTheArrows,
    {
      'src/peer/x.ts': "import type { Member } from '../overlay/overlay.js'",
      'src/peer/y.ts': "import { type Member, type Overlay } from '../overlay/overlay.js'",
    },
  ],
  [
    'an import in a comment',
    importsFollowTheArrows,
    {
      'src/base/x.ts': "// import { a } from '../world/a.js'\n/* import '../peer/b.js' */",
    },
  ],
  [
    'builtins in world/real',
    packagesStayInTheirRooms,
    {
      'src/world/real/x.ts': "import net from 'node:net'",
    },
  ],
  [
    'a package in its room',
    packagesStayInTheirRooms,
    {
      'src/wire/x.ts': "import { unpack } from 'msgpackr'",
    },
  ],
  [
    'a circle of types',
    filesDoNotImportInCircles,
    {
      'src/base/a.ts': "import { b } from './b.js'",
      'src/base/b.ts': "import type { A } from './a.js'",
    },
  ],
  [
    'a diamond',
    filesDoNotImportInCircles,
    {
      'src/base/a.ts': "import { b } from './b.js'\nimport { c } from './c.js'",
      'src/base/b.ts': "import { d } from './d.js'",
      'src/base/c.ts': "import { d } from './d.js'",
      'src/base/d.ts': '',
    },
  ],
  ...[
    '// Date.now() is not for us',
    '/* setTimeout(run) */',
    '/** `process.env` */',
    "const text = 'Math.random()'",
    'const text = "setTimeout(run, 5)"',
    `\`Date.now() and \${1} more process.env\``,
    'const when = new Date(ms)',
    'this.clock.setTimeout(run)',
    'world.performance.now()',
    'interface Timers { setTimeout: number; queueMicrotask?: boolean }',
    'const processed = preprocess.x',
    'this.#process.on',
    'const pattern = /Date.now()/',
    'const url = "http://x"; const y = a // process.exit',
    'value instanceof Date',
    'world.crypto.hmac(key, data)',
  ].map((code): [string, Rule, Example] => [
    code,
    nothingReachesOutside,
    { 'src/peer/x.ts': code },
  ]),
  ['timers in guards', nothingReachesOutside, { 'src/simulation/guards/x.ts': 'setTimeout(run)' }],
  ['timers in world/real', nothingReachesOutside, { 'src/world/real/x.ts': 'setTimeout(run, 5)' }],
  ['a promise in a driver', coresAreSynchronous, { 'src/cluster/x.ts': 'await null' }],
  ['a comment about awaiting', coresAreSynchronous, { 'src/overlay/x.ts': '// we await no one' }],
  ['a file of just that length', filesAreShort, { 'src/base/x.ts': 'x\n'.repeat(LINES_MAX) }],
  ['kebab-case with a figure', filesAreNamedByANoun, { 'src/base/sha-256.ts': '' }],
  [
    'words that end in actor',
    clusterDoesNotKnowActors,
    {
      'src/cluster/x.ts': 'const growthFactor = 2 // an extractor, refactored',
    },
  ],
  ['actors elsewhere', clusterDoesNotKnowActors, { 'src/remote/x.ts': 'actorId' }],
  ['a test about skipping', noTestIsLeftOut, { 'test/x.test.ts': "it('it.only says so', run)" }],
  ...[
    'readonly #run = (): void => this.go()',
    'const run = () => this.go()\nthis.#run = run',
    'this.#run = this.go.bind(this)',
    'if (this.#run === run) go()',
    'each.map((x) => this.x >= y)',
    'this.#size = (a + b) * 2',
  ].map((code): [string, Rule, Example] => [
    code,
    noFunctionIsAssignedToAProperty,
    { 'src/base/x.ts': code },
  ]),
]

describe('the rules of the house', () => {
  for (const [what, rule, example] of BAD) {
    it(`refuse ${JSON.stringify(what)}`, () => {
      const problems = judge(rule, example)
      assert.isNotEmpty(problems)
      const named = Object.keys(example).some((path) => problems[0]?.includes(path))
      assert.isTrue(named || /circle/.test(problems[0] ?? ''), problems[0])
    })
  }
  for (const [what, rule, example] of GOOD) {
    it(`allow ${JSON.stringify(what)}`, () => assert.deepEqual(judge(rule, example), []))
  }
})

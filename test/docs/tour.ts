import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert } from 'chai'
import { compileProgram, runCompiled } from '../compiled.js'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))

/** All `ts` blocks as one program, imports first. */
function program(markdown: string): string {
  const code = [...markdown.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
    .map(([, block]) => block)
    .join('\n')
  const lines = code.split('\n')
  const imports = lines.filter((line) => line.startsWith('import '))
  return [...imports, ...lines.filter((line) => !line.startsWith('import '))].join('\n')
}

/** What the comments `// → text` promise, in order. */
const promised = (code: string): string[] =>
  [...code.matchAll(/\/\/ → (.*)$/gm)].map(([, text]) => text ?? '')

/** What stands between the marks of a page, or all of it. */
function marked(page: string): string {
  const parts = [...page.matchAll(/^<!-- tour -->$([\s\S]*?)^<!-- \/tour -->$/gm)]
  return parts.length === 0 ? page : parts.map(([, part]) => part).join('\n')
}

interface Tour {
  readonly page: string
  readonly code: string
}

/** All pages that this run tests; the compiler looks at them once, together. */
const tours: Tour[] = []
let complaints: Promise<Map<string, string>> | undefined

/**
 * What the compiler says about each page. They do not lie among the sources: what this run made of those is named by
 * all that is there, and every process of it would compile them again.
 */
async function compiled(): Promise<Map<string, string>> {
  const cache = `${root}node_modules/.cache/troupe/`
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(`${cache}tours-`)
  try {
    for (const [at, { code }] of tours.entries()) writeFileSync(`${folder}/${at}.mts`, code)
    const files = tours.map((_, at) => `${at}.mts`)
    const config = { extends: `${root}tsconfig.json`, files, include: [] }
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config))
    const tsc = `${root}node_modules/typescript/bin/tsc`
    const said = await run(process.execPath, [tsc, '-p', folder], { cwd: folder }).then(
      () => [],
      ({ stdout, message }) => (stdout === '' ? message : stdout).split('\n') as string[],
    )
    const of = (at: number): string =>
      said.filter((line) => line.startsWith(`${at}.mts`)).join('\n')
    const others = said.filter((line) => !/^\d+\.mts/.test(line)).join('\n')
    return new Map(tours.map(({ page }, at) => [page, of(at) + others]))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Tests that the code of a page compiles, runs, and prints what its comments say. */
export function tourTests(page: string, least: number): void {
  const tour = { page, code: program(marked(readFileSync(`${root}${page}`, 'utf8'))) }
  tours.push(tour)

  describe(page, function () {
    this.timeout(60_000)

    it('has a tour that compiles', async () => {
      complaints ??= compiled()
      assert.equal((await complaints).get(page), '')
    })

    it('has a tour that prints what its comments say', async () => {
      assert.isAbove(promised(tour.code).length, least)
      const program = compileProgram(`tour-${process.pid}-${tours.indexOf(tour)}`, tour.code)
      try {
        const { code, out, err } = await runCompiled(program)
        assert.equal(code, 0, err)
        assert.deepEqual(out.trimEnd().split('\n'), promised(tour.code))
      } finally {
        rmSync(program)
      }
    })
  })
}

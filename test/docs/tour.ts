import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

/** A program in a folder of its own inside test/, so that the root tsconfig covers it and decorators compile in its mode. */
function written({ code }: Tour): { readonly file: string; remove(): void } {
  const folder = mkdtempSync(`${root}test/docs/tour-`)
  const file = `${folder}/tour.ts`
  writeFileSync(file, code)
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** All pages that this run tests; the compiler looks at them once, together. */
const tours: Tour[] = []
let complaints: Promise<Map<string, string>> | undefined

/** What the compiler says about each page. */
async function compiled(): Promise<Map<string, string>> {
  const programs = tours.map((tour) => ({ tour, ...written(tour) }))
  try {
    const tsc = `${root}node_modules/typescript/bin/tsc`
    const said = await run(process.execPath, [tsc, '-p', root]).then(
      () => [],
      ({ stdout, message }) => (stdout === '' ? message : stdout).split('\n') as string[],
    )
    const isOf = (line: string, file: string): boolean => line.startsWith(file.slice(root.length))
    const others = said.filter((line) => !programs.some(({ file }) => isOf(line, file)))
    const of = (file: string): string => said.filter((line) => isOf(line, file)).join('\n')
    return new Map(programs.map(({ tour, file }) => [tour.page, `${of(file)}${others.join('\n')}`]))
  } finally {
    for (const { remove } of programs) remove()
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

import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { assert } from 'chai'

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

/** Tests that the code of a page compiles, runs, and prints what its comments say. */
export function tourTests(page: string, least: number): void {
  describe(page, function () {
    this.timeout(60_000)
    const code = program(marked(readFileSync(`${root}${page}`, 'utf8')))
    // inside test/, so that the root tsconfig covers it and decorators compile in its mode
    const folder = mkdtempSync(`${root}test/docs/tour-`)
    const file = `${folder}/tour.ts`

    before(() => writeFileSync(file, code))
    after(() => rmSync(folder, { recursive: true, force: true }))

    it('has a tour that compiles', async () => {
      await run(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', root]).catch(
        (error: { stdout: string }) => assert.fail(error.stdout),
      )
    })

    it('has a tour that prints what its comments say', async () => {
      assert.isAbove(promised(code).length, least)
      const { stdout } = await run(process.execPath, ['--import', 'tsx', file], { cwd: root })
      assert.deepEqual(stdout.trimEnd().split('\n'), promised(code))
    })
  })
}

import { mkdir, writeFile } from 'node:fs/promises'
import { compile, run } from './compiler.js'

const OUT = 'node_modules/.cache/troupe/standard-decorators'

describe('a project without experimentalDecorators', () => {
  it('compiles, and its decorators pass the same suite', async function () {
    this.timeout(60_000)
    await compile('test/fixtures/standard-decorators')
    await mkdir(OUT, { recursive: true })
    await writeFile(`${OUT}/package.json`, '{ "type": "module" }')
    const suite = `${OUT}/test/fixtures/standard-decorators/suite.js`
    await run('npx', ['mocha', '--no-config', '--ui', 'bdd', suite])
  })
})

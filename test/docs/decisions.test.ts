import { readdirSync, readFileSync } from 'node:fs'
import { assert } from 'chai'

const folder = new URL('../../docs/decisions/', import.meta.url)
const read = (file: string): string => readFileSync(new URL(file, folder), 'utf8')

const ROW = /^\| \[(\d+)\]\(([^)]+)\) \| (.+?) \| (.+?) \|$/

describe('docs/decisions/README.md', () => {
  const rows = read('README.md')
    .split('\n')
    .flatMap((line) => {
      const [, number, file, title, said] = ROW.exec(line) ?? []
      return file === undefined ? [] : [{ number, file, title, said }]
    })
  const files = readdirSync(folder).filter((name) => name !== 'README.md')

  it('lists every decision once, in order', () => {
    assert.deepEqual(
      rows.map(({ file }) => file),
      files.sort(),
    )
  })

  for (const { number, file, title } of rows) {
    it(`has number and title of ${file} as it says them itself`, () => {
      assert.equal(Number(file?.slice(0, 4)), Number(number))
      assert.equal(read(String(file)).split('\n')[0], `# ${number}. ${title}`)
    })
  }
})

import { readdirSync, readFileSync } from 'node:fs'
import { assert } from 'chai'
import { CODES } from '../../src/base/errors.js'

const row = /^\| `(ERR_[A-Z_]+)` \| (yes|no) \| (.+?) \|$/

describe('docs/errors.md', () => {
  const text = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  const rows = text.split('\n').flatMap((line) => {
    const [, code, retryable, meaning] = row.exec(line) ?? []
    return code === undefined ? [] : [{ code, retryable, meaning }]
  })

  it('lists exactly the codes of the table, each once, in order', () => {
    assert.deepEqual(
      rows.map((r) => r.code),
      Object.keys(CODES),
    )
  })

  for (const [code, { retryable, meaning }] of Object.entries(CODES)) {
    it(`says of ${code} what the table says`, () => {
      const found = rows.find((r) => r.code === code)
      assert.deepEqual(found, { code, retryable: retryable ? 'yes' : 'no', meaning })
    })
  }

  it('has no code that nothing raises', () => {
    const sources = new URL('../../src/', import.meta.url)
    const files = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    const code = files
      .filter((file) => file.endsWith('.ts') && file !== 'base/errors.ts')
      .map((file) => readFileSync(new URL(file, sources), 'utf8'))
      .join('\n')
    assert.deepEqual(
      Object.keys(CODES).filter((name) => !code.includes(`'${name}'`)),
      [],
    )
  })
})

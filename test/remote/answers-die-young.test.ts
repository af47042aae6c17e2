import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { compiled } from '../compiled.js'

describe('the memory of answers', () => {
  it('is free again without a full collection: half a gigabyte of them takes at most three', () => {
    // eight and more where a settled call still held its answer
    const program = fileURLToPath(compiled('test/remote/echo-flood.js'))
    const text = execFileSync(process.execPath, ['--heap-growing-percent=534', program], {
      encoding: 'utf8',
    })
    const { collections } = JSON.parse(text) as { collections: number }
    assert.isAtMost(collections, 3)
  })
})

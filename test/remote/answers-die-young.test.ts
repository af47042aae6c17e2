import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { compiled } from '../compiled.js'

describe('the memory of answers', () => {
  it('is free again without a full collection: half a gigabyte of them takes at most three', () => {
    const program = fileURLToPath(compiled('test/remote/echo-flood.js'))
    const flags = ['--heap-growing-percent=534', '--trace-gc']
    const told = execFileSync(process.execPath, [...flags, program], { encoding: 'utf8' })
    assert.include(told, 'Scavenge', 'V8 tells what it does')
    // eight and more where a settled call still held its answer
    assert.isAtMost(told.split('Mark-Compact').length - 1, 3)
  })
})

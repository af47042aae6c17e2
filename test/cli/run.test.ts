import { assert } from 'chai'
import { TroupeError } from '../../src/base/errors.js'
import { type Command, EXIT, UsageError } from '../../src/cli/command.js'
import { run } from '../../src/cli/run.js'
import type { Terminal } from '../../src/world/terminal.js'

/** Runs a command that does this, and gives what it ends with and says. */
async function ended(does: () => number): Promise<{ code: number; err: string[] }> {
  const err: string[] = []
  const terminal: Terminal = {
    words: ['try', 'it'],
    parse: (positionals) => ({ values: {}, positionals }),
    out: () => assert.fail('it has a result'),
    err: (line) => err.push(line),
    exitWith: () => assert.fail('it ends by itself'),
    onBroken: () => undefined,
    readText: () => '',
    writeText: () => undefined,
    live: () => undefined,
    onInterrupt: () => undefined,
    variable: () => undefined,
    processors: 1,
    nowMs: () => 0,
  }
  const command: Command = {
    name: 'try it',
    usage: '',
    summary: '',
    details: [],
    options: {},
    run: does as Command['run'],
  }
  return { code: await run([command], terminal), err }
}

const fails = (error: unknown) =>
  ended(() => {
    throw error
  })

describe('what a command of npx troupe ends with', () => {
  it('is what it says', async () => {
    for (const code of Object.values(EXIT)) assert.equal((await ended(() => code)).code, code)
  })

  it('is 3 where it is used wrongly, or what it is given is no good', async () => {
    const usage = await fails(new UsageError('which file?'))
    assert.deepEqual([usage.code, usage.err[0]], [3, 'troupe try it: which file?'])
    const input = await fails(new TroupeError('ERR_BAD_HISTORY', 'line 3: it is not JSON'))
    assert.equal(input.code, 3)
    assert.deepEqual(input.err, ['troupe try it: line 3: it is not JSON (ERR_BAD_HISTORY)'])
  })

  it('is 2 where the same run came out in two ways', async () => {
    const { code } = await fails(new TroupeError('ERR_NONDETERMINISM', 'two runs of seed 1 differ'))
    assert.equal(code, 2)
  })

  it('is 70, and never that of a finding, where troupe itself fails', async () => {
    for (const error of [
      new TypeError('undefined is not a function'),
      new RangeError('Maximum call stack size exceeded'),
      Object.assign(new Error('bad argument'), { code: 'ERR_INVALID_ARG_TYPE' }),
      new TroupeError('ERR_CRASHED', 'it crashed'),
      'a text',
      undefined,
    ]) {
      const { code, err } = await fails(error)
      assert.equal(code, 70)
      assert.equal(err[0], 'troupe: an error of troupe itself; it says nothing about the input')
      assert.lengthOf(err, 2)
    }
  })
})

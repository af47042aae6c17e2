import { assert } from 'chai'
import { WorkerThread } from '../../src/world/real/worker-thread.js'
import { compileProgram } from '../compiled.js'

const TIMES = 10

describe('A worker thread', function () {
  this.timeout(60_000)

  it('is heard to its last word before its end is, however soon it ends', async () => {
    const program = compileProgram(
      'last-words',
      `import { starterOf } from '../src/world/real/worker-thread.js'
      const starter = starterOf<object>()
      for (const word of ['one', 'two']) starter.send(word)
      process.exit(7)`,
    )
    for (let i = 0; i < TIMES; i++) {
      const heard: unknown[] = []
      await new Promise<void>((resolve) => {
        const options = { name: `w.${i}`, imports: [], typescript: false }
        new WorkerThread(program, {}, options, {
          onMessage: (message) => heard.push(message),
          onEnd(exitCode) {
            heard.push(exitCode)
            resolve()
          },
        })
      })
      assert.deepEqual(heard, ['one', 'two', 7])
    }
  })
})

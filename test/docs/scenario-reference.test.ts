import { readFileSync } from 'node:fs'
import { assert } from 'chai'
import { simulate } from '../../src/simulation/index.js'

const page = readFileSync(new URL('../../docs/testing.md', import.meta.url), 'utf8')

/** A part of docs/testing.md, from its heading to the next. */
function part(heading: string): string {
  const [, text = ''] = page.split(`### ${heading}\n`)
  return text.split(/^#{2,3} /m)[0] ?? ''
}

describe('docs/testing.md, scenarios in full', () => {
  it('names every field of a result', async () => {
    const result = await simulate({ name: 'idle', nodes: 1, workload: async () => {} })
    const text = part('The result')
    for (const field of Object.keys(result)) {
      if (field === 'scenario') continue
      assert.include(text, `\`${field}\``)
    }
  })

  it('names every field of a scenario and every option, as their errors list them', async () => {
    const text = part('`simulate(scenario, options)`')
    const messages = [
      await simulate({ name: 's', nodes: 1, wrong: 1 } as never).catch((e: Error) => e.message),
      await simulate({ name: 's', nodes: 1 }, { wrong: 1 } as never).catch((e: Error) => e.message),
    ]
    for (const message of messages) {
      const fields =
        /there are: ([\w, ]+)/
          .exec(String(message))?.[1]
          ?.split(', ')
          .map((field) => field.trim()) ?? []
      assert.isAbove(fields.length, 5)
      for (const field of fields) assert.match(text, new RegExp(`\`${field}[\`(]`))
    }
  })

  it('has a row for every verdict and limit', () => {
    const text = part('Verdicts and limits')
    for (const verdict of ['ok', 'fail', 'stepLimit', 'timeLimit', 'sendLimit', 'stopped']) {
      assert.include(text, `| \`${verdict}\` |`)
    }
    for (const limit of ['steps', 'virtualMs', 'sends', 'settleMs']) {
      assert.include(text, `limits.${limit}`)
    }
  })
})

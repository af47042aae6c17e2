import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { assert } from 'chai'
import { CATALOGUE } from './leaks/catalogue.js'

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

interface Answer {
  readonly name: string
  readonly met: string
  readonly detail: string
}

/** Runs a module with the guards loaded first; gives the lines of JSON it prints. */
async function guardedRun(main: string): Promise<unknown[]> {
  const guards = pathOf('../../src/simulation/guards/index.ts')
  const args = ['--import', 'tsx', '--import', guards, '--expose-gc', pathOf(main)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  let text = ''
  for await (const chunk of child.stdout) text += String(chunk)
  assert.deepEqual(await ended, [0, null], text)
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}

describe('the catalogue of nondeterminism leaks', () => {
  const answers = new Map<string, Answer>()

  before(async function () {
    this.timeout(180_000)
    for (const answer of (await guardedRun('./leaks/leaks-main.ts')) as Answer[]) {
      answers.set(answer.name, answer)
    }
  })

  for (const { name, met } of CATALOGUE) {
    it(`${name}: ${met}`, () => {
      const answer = answers.get(name)
      assert.equal(answer?.met, met, answer?.detail)
    })
  }

  it('has at least 25 leaks, of which at most two in 25 are not met', () => {
    const unmet = CATALOGUE.filter(({ met }) => met === 'not met')
    assert.isAtLeast(CATALOGUE.length, 25)
    assert.isAtMost(unmet.length / CATALOGUE.length, 2 / 25)
  })

  it('names the line of what was done in place of a global, and of what was forbidden', () => {
    for (const { name, met } of CATALOGUE) {
      if (met !== 'virtualised' && met !== 'forbidden') continue
      // timers/promises goes on in a microtask, where nobody has called
      assert.match(answers.get(name)?.detail ?? '', /leaks\/catalogue\.ts:\d+:\d+/, name)
    }
  })

  it('stands in docs/testing.md as it is', () => {
    const docs = readFileSync(pathOf('../../docs/testing.md'), 'utf8')
    const [, table = ''] = docs.split('| leak | met |')
    const rows = [
      ...table.matchAll(
        /^\| (.+?) \| (virtualised|forbidden|escaped wait|second run|other process|not met) \|$/gm,
      ),
    ]
    assert.deepEqual(
      rows.map(([, name, met]) => [name?.replaceAll('`', ''), met]),
      CATALOGUE.map(({ name, met }) => [name, met]),
    )
  })
})

describe('the guards', () => {
  it('leave everything as it is outside of simulated nodes, and stand in for it inside', async function () {
    this.timeout(60_000)
    const results = (await guardedRun('./leaks/guards-main.ts')) as {
      what: string
      fine: boolean
    }[]
    assert.isAbove(results.length, 20)
    for (const { what, fine } of results) assert.isTrue(fine, what)
  })
})

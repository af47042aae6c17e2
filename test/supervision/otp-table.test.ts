import { readFileSync } from 'node:fs'
import { assert } from 'chai'
import { OTP_CASES } from './otp-case.js'
import './otp-dynamic.test.js'
import './otp-restart.test.js'
import './otp-start-stop.test.js'

const doc = readFileSync(new URL('../../docs/supervision.md', import.meta.url), 'utf8')

describe('docs/supervision.md', () => {
  const rows = doc
    .slice(doc.indexOf("## OTP's supervisor_SUITE"))
    .split('\n')
    .map((line) => /^\| `(\w+)` \| (.+) \|$/.exec(line))
    .filter((row) => row !== null)
    .map(([, name, title]) => `${name}: ${title}`)

  it("holds each test under its case of OTP's supervisor_SUITE, and no test that is not there", () => {
    const covered = OTP_CASES.flatMap(({ title, cases }) =>
      cases.map((name) => `${name}: ${title}`),
    )
    const documented = rows.filter((row) => !row.includes(': – '))
    assert.sameMembers(documented, covered)
  })

  it('gives a reason for each case without a test', () => {
    const without = rows.filter((row) => row.includes(': – '))
    for (const row of without) assert.match(row, /: – .{20,}/)
  })
})

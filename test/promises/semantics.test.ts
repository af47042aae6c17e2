import { readdirSync, readFileSync } from 'node:fs'
import { assert } from 'chai'

interface Line {
  readonly heading: string
  readonly text: string
}

/** The lines of docs/semantics.md: one for each item of a list, under its heading. */
function linesOf(markdown: string): Line[] {
  const lines: Line[] = []
  for (const section of markdown.split(/^## /m).slice(1)) {
    const [heading = '', ...rest] = section.split('\n')
    for (const item of rest.join('\n').split(/^- /m).slice(1)) {
      lines.push({ heading, text: item.replaceAll(/\s+/g, ' ').trim() })
    }
  }
  return lines
}

/** What the tests say they are about. */
function promisesOf(source: string): Line[] {
  const calls = source.matchAll(/^promise\(\s*(['"])(.*?)\1,\s*(['"])(.*?)\3,/gm)
  return [...calls].map(([, , heading = '', , text = '']) => ({ heading, text }))
}

describe('docs/semantics.md and test/promises', () => {
  const lines = linesOf(readFileSync(new URL('../../docs/semantics.md', import.meta.url), 'utf8'))
  const promises = readdirSync(new URL('.', import.meta.url))
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => promisesOf(readFileSync(new URL(file, import.meta.url), 'utf8')))
  const isAbout = (promise: Line, line: Line): boolean =>
    promise.heading === line.heading && line.text.includes(promise.text)

  it('have lines and promises', () => {
    assert.isAbove(lines.length, 40)
    assert.isAbove(promises.length, 40)
  })

  for (const line of lines) {
    it(`${line.heading}: "${line.text.slice(0, 60)}" has its tests`, () => {
      assert.isTrue(promises.some((promise) => isAbout(promise, line)))
    })
  }

  it('every promise of a test stands in one line of the document', () => {
    for (const promise of promises) {
      const about = lines.filter((line) => isAbout(promise, line))
      assert.lengthOf(about, 1, `${promise.heading}: ${promise.text}`)
    }
  })
})

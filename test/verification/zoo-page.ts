/** `npx tsx test/verification/zoo-page.ts` writes the zoo's table into docs/verification.md. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ZOO } from './zoo-table.js'

export const PAGE = fileURLToPath(new URL('../../docs/verification.md', import.meta.url))
const MARKED = /(?<=^<!-- zoo -->\n)[\s\S]*?(?=^<!-- \/zoo -->$)/m

/** What the page has between its marks. */
export const writtenTable = (page: string): string | undefined => page.match(MARKED)?.[0]

/** What belongs there. */
export function zooTable(): string {
  const rows = ZOO.map(
    ({ protocol, flaws, bugs }) =>
      `| ${protocol} | ${Object.keys(flaws).join('; ')} | ${Object.keys(bugs)
        .map((bug) => `\`${bug}\``)
        .join(', ')} |`,
  )
  const head = ['| correct form | what it, or a simpler form, does not survive | mistakes |']
  return `${[...head, '| --- | --- | --- |', ...rows].join('\n')}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(PAGE, readFileSync(PAGE, 'utf8').replace(MARKED, zooTable))
}

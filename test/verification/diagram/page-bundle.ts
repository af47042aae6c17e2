import { readFileSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

const ROOM = new URL('../../../src/verification/diagram/', import.meta.url)
const WRITTEN = new URL('page-script.ts', ROOM)

/** The file as it has to be. */
export async function pageScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [new URL('page/main.ts', ROOM).pathname],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    charset: 'ascii',
    legalComments: 'none',
    tsconfigRaw: {},
  })
  const script = outputFiles[0]?.text.trim() ?? ''
  if (/<\/script|<!--/i.test(script)) throw new Error('the script would end its own element')
  return [
    '// Made by `npm run diagram` from page/main.ts and what it imports; a test compares.',
    '// biome-ignore-all format: one line as it is',
    '// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a script has its own',
    `export const PAGE_SCRIPT = ${JSON.stringify(script)}`,
    '',
  ].join('\n')
}

export const writtenScript = (): string => readFileSync(WRITTEN, 'utf8')

export const writeScript = (text: string): void => writeFileSync(WRITTEN, text)

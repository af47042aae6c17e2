import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium } from 'playwright-core'

/** Where Debian's package puts it. */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A real browser with a profile of its own. */
export interface Browser {
  readonly context: BrowserContext
  close(): Promise<void>
}

/** For a `before`: skips what follows where there is no Chromium, and says so; on CI it fails. */
export async function browserOrSkip(hook: { skip(): void }): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    const text = `there is no Chromium at ${CHROMIUM} (CHROMIUM names another): the tests of diagrams in a browser are SKIPPED`
    if (process.env['CI'] === 'true') throw new Error(`${text}, which is a failure where CI=true`)
    process.stderr.write(`\n!!! ${text}\n`)
    hook.skip()
  }
  const profile = mkdtempSync(join(tmpdir(), 'troupe-chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: ARGUMENTS,
    viewport: { width: 1200, height: 800 },
  })
  return {
    context,
    async close() {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}

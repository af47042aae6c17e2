import { type ExecFileException, execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

const SRC = fileURLToPath(new URL('../../src/', import.meta.url))
/** Below node_modules, so that packages are found from there. */
const PLACE = fileURLToPath(new URL('../../node_modules/.cache/troupe/', import.meta.url))

/** The package as it is published, in JavaScript: its threads start without a loader. */
export class BuiltCommand {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async make(): Promise<BuiltCommand> {
    mkdirSync(PLACE, { recursive: true })
    const folder = mkdtempSync(join(PLACE, 'built-'))
    const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    await build({
      entryPoints: files.filter((file) => file.endsWith('.ts')).map((file) => join(SRC, file)),
      outdir: join(folder, 'dist'),
      outbase: SRC,
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
    })
    return new BuiltCommand(folder)
  }

  /** The file behind the name `troupe`. */
  get main(): string {
    return join(this.#folder, 'dist/cli/main.js')
  }

  /** Where a module of it lies, for an `import`. */
  url(path: string): string {
    return pathToFileURL(join(this.#folder, 'dist', path)).href
  }

  /** What `npx troupe …` runs. `started` gets the process's id. */
  run(
    cwd: string,
    words: readonly string[],
    options: {
      readonly env?: Readonly<Record<string, string>>
      readonly started?: (pid: number) => void
    } = {},
  ): Promise<Ended> {
    const { env, started } = options
    return new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [this.main, ...words],
        { cwd, env: { ...process.env, ...env } },
        (error: ExecFileException | null, out, err) => {
          resolve({ code: error === null ? 0 : Number(error.code), out, err })
        },
      )
      if (child.pid !== undefined) started?.(child.pid)
    })
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

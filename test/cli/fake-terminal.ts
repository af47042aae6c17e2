import { parseArgs } from 'node:util'
import type { Command } from '../../src/cli/command.js'
import type { OptionSpecs, ParsedWords, Terminal } from '../../src/world/terminal.js'

/** A terminal that remembers. */
export class FakeTerminal implements Terminal {
  words: readonly string[] = []
  readonly lines: string[] = []
  readonly errors: string[] = []
  readonly files = new Map<string, string>()
  readonly variables = new Map<string, string>()
  readonly processors = 1

  parse(words: readonly string[], options: OptionSpecs): ParsedWords {
    const given = { args: [...words], options: { ...options }, allowPositionals: true }
    return parseArgs(given)
  }

  out(line: string): void {
    this.lines.push(line)
  }

  err(line: string): void {
    this.errors.push(line)
  }

  exitWith(): void {}

  onBroken(): void {}

  live(): void {}

  onInterrupt(): void {}

  readText(path: string): string {
    const text = this.files.get(path)
    if (text === undefined) throw new Error(`ENOENT: ${path}`)
    return text
  }

  writeText(path: string, text: string): void {
    this.files.set(path, text)
  }

  variable(name: string): string | undefined {
    return this.variables.get(name)
  }

  nowMs(): number {
    return performance.now()
  }

  /** What a command ends with. */
  async run(command: Command, ...words: string[]): Promise<number> {
    return command.run(this.parse(words, command.options), this)
  }
}

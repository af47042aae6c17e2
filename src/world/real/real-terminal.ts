import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import type { OptionSpecs, ParsedWords, Terminal } from '../terminal.js'

/** What a process ends with that a signal has ended, as shells say it. */
const SIGNAL_EXITS = { SIGINT: 130, SIGTERM: 143 } as const

/** The process that was started from a command line. */
export const realTerminal: Terminal = {
  get words() {
    return process.argv.slice(2)
  },
  parse(words, options): ParsedWords {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: options as { [name: string]: OptionSpecs[string] },
      allowPositionals: true,
      strict: true,
    })
    return { values, positionals }
  },
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  exitWith(code) {
    process.exitCode = code
  },
  onBroken(run) {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      // who reads the output may have seen enough
      if (error.code !== 'EPIPE') run(error)
    })
    process.stderr.on('error', () => undefined)
    process.on('uncaughtException', run)
  },
  readText(path) {
    const bytes = readFileSync(path === '-' ? 0 : path)
    const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b
    return (zipped ? gunzipSync(bytes) : bytes).toString()
  },
  writeText: (path, text) => writeFileSync(path, text),
  live(line) {
    if (!process.stderr.isTTY) return
    process.stderr.write(`\r\u001b[K${line?.slice(0, process.stderr.columns - 1) ?? ''}`)
  },
  onInterrupt(handle) {
    let times = 0
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (times++ > 0) process.exit(SIGNAL_EXITS[signal])
        handle()
      })
    }
  },
  variable: (name) => process.env[name],
  processors: availableParallelism(),
  nowMs: () => performance.now(),
}

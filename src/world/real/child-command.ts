import { execFile } from 'node:child_process'

/** What a program wrote to its output may become so long. */
const BYTES_MAX = 1 << 30

/** Runs a program and gives what it writes to its standard output. @throws what it said when it failed */
export function outputOf(program: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, [...words], { maxBuffer: BYTES_MAX }, (error, out, err) => {
      if (error === null) resolve(out)
      else reject(new Error(err.trim() || error.message, { cause: error }))
    })
  })
}

import { readFile } from 'node:fs/promises'
import type { Environment } from '../environment.js'

/** The variables of this process and the files of this machine. */
export const realEnvironment: Environment = {
  variable(name) {
    const value = process.env[name]
    return value === '' ? undefined : value
  },
  readFile: (path) => readFile(path, 'utf8'),
}

import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'

/** A folder for files that appear whole or not at all. */
export class ResultFolder {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** Makes it if need be, and tries to write into it. @throws what the system says */
  static open(path: string): ResultFolder {
    makeFolder(path)
    const folder = new ResultFolder(path)
    const probe = `.probe-${process.pid}`
    folder.write(probe, '')
    folder.remove(probe)
    return folder
  }

  /** One that is there. @throws what the system says */
  static at(path: string): ResultFolder {
    readdirSync(path)
    return new ResultFolder(path)
  }

  /** `.gz` is compressed. */
  write(name: string, text: string): void {
    const file = join(this.path, name)
    const part = `${file}.part-${process.pid}`
    writeFileSync(part, name.endsWith('.gz') ? gzipSync(text) : text)
    renameSync(part, file)
  }

  read(name: string): string {
    return readText(join(this.path, name))
  }

  /** As it is on the disk. */
  bytes(name: string): string {
    return readFileSync(join(this.path, name)).toString('base64')
  }

  /** Writes bytes that `bytes` gave. */
  writeBytes(name: string, base64: string): void {
    writeFileSync(join(this.path, name), Buffer.from(base64, 'base64'))
  }

  has(name: string): boolean {
    return statSync(join(this.path, name), { throwIfNoEntry: false })?.isFile() === true
  }

  remove(name: string): void {
    rmSync(join(this.path, name), { force: true })
  }

  /** Folders in it, in order of their names; those that are numbers by number. */
  get folders(): string[] {
    const entries = readdirSync(this.path, { withFileTypes: true })
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    return names.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1))
  }
}

/** With all above it. Node's own way of that never ends below folders such as /proc. */
function makeFolder(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  const above = dirname(path)
  if (above !== path) makeFolder(above)
  try {
    mkdirSync(path)
  } catch (error) {
    // another process may have been quicker
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}

/** The text of a file; what ends with `.gz` is unpacked. */
export function readText(file: string): string {
  const bytes = readFileSync(file)
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
}

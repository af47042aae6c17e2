import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes a file into a folder, which is made if it is missing. @returns its path */
export async function writeText(folder: string, name: string, text: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

/** `npm run example -- NAME`: runs one example; without a name it lists them. */
import { readdirSync } from 'node:fs'

const here = new URL('.', import.meta.url)
const names = readdirSync(here)
  .filter((file) => /^\d\d-.+\.ts$/.test(file))
  .map((file) => file.slice(0, -3))
const wanted = process.argv[2]
const name = names.find((n) => wanted !== undefined && (n === wanted || n.slice(3) === wanted))
if (name === undefined) {
  console.error(`usage: npm run example -- NAME, NAME one of:\n  ${names.join('\n  ')}`)
  process.exit(3)
}
await import(`./${name}.ts`)

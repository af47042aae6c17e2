/**
 * `npm run diagram`: writes src/verification/diagram/page-script.ts, the script of a diagram's page, from
 * src/verification/diagram/page, and the diagrams of docs/pictures. Tests hold them to their sources.
 */
import { writeFileSync } from 'node:fs'
import { pageScript, writeScript } from './page-bundle.js'
import { picturesOf } from './pictures.js'

writeScript(await pageScript())
for (const [file, made] of Object.entries(picturesOf)) {
  writeFileSync(new URL(`../../../docs/pictures/${file}`, import.meta.url), await made())
}

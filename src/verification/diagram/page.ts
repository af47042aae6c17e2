import type { Trace } from '../../simulation/trace-line.js'
import { realCrypto } from '../../world/real/real-crypto.js'
import { escaped } from './drawing.js'
import { PAGE_BODY } from './page-body.js'
import { PAGE_SCRIPT } from './page-script.js'
import { PAGE_STYLE } from './page-style.js'
import { storyOf } from './story-reader.js'

/**
 * The space-time diagram of a trace as one HTML page that needs nothing else: no network, no other
 * file, and it runs no script but its own whatever the trace has in it. The same trace gives the same bytes.
 */
export function diagramPage(trace: Trace): string {
  const story = storyOf(trace)
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(PAGE_SCRIPT)}'`,
    `style-src '${hashOf(PAGE_STYLE)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const title = `${story.name}, seed ${story.seed}: ${story.verdict}`
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escaped(title)}</title>`,
    `<style>${PAGE_STYLE}</style>`,
    '</head>',
    PAGE_BODY,
    `<script type="application/json" id="story">${inScript(JSON.stringify(story))}</script>`,
    `<script>${PAGE_SCRIPT}</script>`,
    '</html>',
    '',
  ].join('\n')
}

/** JSON that cannot end the element it stands in, nor begin a comment there. */
const inScript = (json: string): string => json.replace(/<(?=[/!s])/gi, '\\u003c')

/** What a policy allows a script or a style by. */
function hashOf(text: string): string {
  const digest = realCrypto.sha256(new TextEncoder().encode(text))
  return `sha256-${btoa(String.fromCharCode(...digest))}`
}

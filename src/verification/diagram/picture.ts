import type { Trace } from '../../simulation/trace-line.js'
import { drawnBody, drawnHead, escaped, HEAD_HEIGHT } from './drawing.js'
import { layoutOf } from './layout.js'
import { storyOf } from './story-reader.js'
import { PICTURE_STYLE } from './style.js'
import { firstView } from './view.js'

export interface PictureOptions {
  /** A lane for each node (default), or one for each actor that got a message, beside its node's own. */
  readonly lanes?: 'nodes' | 'actors'
}

/**
 * The space-time diagram of a trace as an SVG that stands alone, in light and dark colours: what the
 * page shows at first. The same trace gives the same bytes.
 */
export function diagramPicture(trace: Trace, { lanes = 'nodes' }: PictureOptions = {}): string {
  const story = storyOf(trace)
  const layout = layoutOf(story, { ...firstView(story), lanes })
  const { width } = layout
  const height = HEAD_HEIGHT + layout.height
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="diagram" role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<title>${escaped(story.name)}, seed ${escaped(story.seed)}: ${escaped(story.verdict)}</title>`,
    `<style>${PICTURE_STYLE}</style>`,
    `<rect width="100%" height="100%" fill="var(--paper)"/>`,
    `<g>${drawnHead(layout)}</g>`,
    `<g transform="translate(0 ${HEAD_HEIGHT})">${drawnBody(story, layout)}</g>`,
    '</svg>',
    '',
  ].join('\n')
}

import { type Drawing, svgDocument } from './svg-chart.js'

const NODES = 12
const MIDDLE = 120
const REACH = 100

/** Not simulated: nodes around a broker, each with one queue there. */
export function brokerDrawing(): string {
  const points = Array.from({ length: NODES }, (_, i) => {
    const angle = (2 * Math.PI * i) / NODES
    return [at(Math.sin(angle)), at(-Math.cos(angle))] as const
  })
  const star: Drawing = {
    title: 'Who is connected to whom',
    elements: [
      '<rect width="240" height="240" fill="#f7f9fb" stroke="#dfe5ea"/>',
      ...points.map(
        ([x, y]) =>
          `<line x1="${MIDDLE}" y1="${MIDDLE}" x2="${x}" y2="${y}" stroke="#5f7f9f" opacity="0.75"/>`,
      ),
      ...points.map(
        ([x, y]) => `<circle cx="${x}" cy="${y}" r="5" fill="rgb(81,120,162)" stroke="#ffffff"/>`,
      ),
      `<rect x="${MIDDLE - 34}" y="${MIDDLE - 16}" width="68" height="32" rx="5" fill="#d9601a"/>`,
      `<text x="${MIDDLE}" y="${MIDDLE + 4}" text-anchor="middle" fill="#ffffff">broker</text>`,
    ],
    caption: ['each node is connected to the broker alone,', 'and has one queue there'],
  }
  return svgDocument('Broker (a drawing)', [star], 'npm run sim -- pictures graph-broker')
}

const at = (value: number): number => Math.round(10 * (MIDDLE + REACH * value)) / 10

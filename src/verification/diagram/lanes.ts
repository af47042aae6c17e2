import type { Step, Story } from './story.js'
import type { View } from './view.js'

/** Widths: where time stands, what labels have beside the outer lanes, and from lane to lane. */
const WIDE = { time: 84, side: 144, least: 104, most: 196 }
const NARROW = { time: 74, side: 76, least: 72, most: 72 }
const FAULT_BAR = 9
/** Lanes share so much before they are as narrow as they get. */
const LANES_WIDTH = 760

export interface Lane {
  readonly x: number
  readonly node: number
  /** Absent: the node itself. */
  readonly actor?: number
  readonly label: string
  /** What stands below the label: the class of an actor. */
  readonly detail?: string
}

export interface Lanes {
  readonly list: readonly Lane[]
  readonly spacing: number
  /** What labels have beside the outer lanes. */
  readonly side: number
  /** Where times end. */
  readonly timeX: number
  /** Left and right of all lanes and their labels. */
  readonly left: number
  readonly right: number
  /** The lane of a node, or of an actor on it. */
  of(node: number, actor?: number): number
  /** The lane in which a step stands; undefined where it is of no node. */
  ofStep(step: Step): number | undefined
}

/** Lanes from left to right. @param faultBars columns of lasting faults beside the time */
export function lanesOf(story: Story, view: View, faultBars: number): Lanes {
  const plans: Omit<Lane, 'x'>[] = story.nodes.flatMap((label, node) => {
    const own = { node, label }
    if (view.lanes === 'nodes') return [own]
    const actors = story.actors.flatMap((actor, at) => {
      if (actor.node !== node || view.hiddenActors.has(at)) return []
      return [{ node, actor: at, ...labelOf(actor.name) }]
    })
    return [own, ...actors]
  })
  const { time, side, least, most } = view.narrow ? NARROW : WIDE
  const spacing = Math.round(Math.min(most, Math.max(least, LANES_WIDTH / plans.length)))
  const left = time + faultBars * FAULT_BAR
  const list = plans.map((plan, at) => ({ ...plan, x: left + side + at * spacing }))
  const last = list.at(-1)?.x ?? left
  const byKey = new Map(list.map(({ node, actor }, at) => [`${node}/${actor ?? ''}`, at]))
  const of = (node: number, actor?: number): number =>
    byKey.get(`${node}/${actor ?? ''}`) ?? (byKey.get(`${node}/`) as number)
  return {
    list,
    spacing,
    side,
    timeX: time - 14,
    left,
    right: last + side,
    of,
    ofStep: ({ node, actor }) => (node === undefined ? undefined : of(node, actor)),
  }
}

/** Where the bar of a lasting fault stands. */
export const faultBarX = ({ timeX }: Lanes, column: number): number =>
  timeX + 14 + column * FAULT_BAR

/** `chat/room:lobby` is lobby, of class chat/room; one without a name is member 3. */
function labelOf(name: string): { readonly label: string; readonly detail: string } {
  const at = name.indexOf(':')
  const type = name.slice(0, at)
  const own = name.slice(at + 1)
  const label = /^\d+$/.test(own) ? `${type.slice(type.lastIndexOf('/') + 1)} ${own}` : own
  return { label, detail: type }
}

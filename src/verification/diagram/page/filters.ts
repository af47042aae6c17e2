import type { Story } from '../story.js'
import type { View } from '../view.js'
import { element, made } from './document.js'

type Hidden = Pick<View, 'hiddenTags' | 'hiddenChannels' | 'hiddenActors'>

/** Boxes for what is shown: messages and logs by name, channels, actors. */
export function fillFilters(story: Story, view: View, changed: (hidden: Hidden) => void): void {
  const hidden = {
    hiddenTags: new Set(view.hiddenTags),
    hiddenChannels: new Set(view.hiddenChannels),
    hiddenActors: new Set(view.hiddenActors),
  }
  const count = (of: 'tag' | 'channel'): number[] => {
    const counts: number[] = []
    for (const message of story.messages) counts[message[of]] = (counts[message[of]] ?? 0) + 1
    return counts
  }
  const group = (
    title: string,
    names: readonly string[],
    counts: readonly (number | undefined)[],
    set: Set<number>,
  ): HTMLElement[] => {
    if (names.length === 0) return []
    const field = made('fieldset')
    field.append(made('legend', title))
    const boxes = names.map((name, at) => {
      const box = made('input')
      box.type = 'checkbox'
      box.checked = !set.has(at)
      box.addEventListener('change', () => {
        if (box.checked) set.delete(at)
        else set.add(at)
        changed(hidden)
      })
      const label = made('label')
      label.append(box, name, made('span', counts[at] === undefined ? '' : ` ${counts[at]}`))
      return label
    })
    field.append(...boxes)
    return [field]
  }
  const { tags, channels, actors, nodes } = story
  const tagNames = tags.map(({ name }) => name)
  const actorNames = actors.map(({ node, name }) => `${nodes[node]} ${name}`)
  element('filters').replaceChildren(
    ...group('Messages and logs', tagNames, count('tag'), hidden.hiddenTags),
    ...group('Channels', channels, count('channel'), hidden.hiddenChannels),
    ...group('Actors', actorNames, [], hidden.hiddenActors),
  )
}

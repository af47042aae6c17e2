import type { Message, Story } from './story.js'

/** What of a story is shown, and how. */
export interface View {
  /** A lane for each node, or one for each actor that got a message, beside its node's own. */
  readonly lanes: 'nodes' | 'actors'
  /** By index in the story. */
  readonly hiddenTags: ReadonlySet<number>
  readonly hiddenChannels: ReadonlySet<number>
  /** Messages from and to them are not shown. */
  readonly hiddenActors: ReadonlySet<number>
  /** Whether long quiet stretches are folded, but for those of `unfolded`, by their first step. */
  readonly folds: boolean
  readonly unfolded: ReadonlySet<number>
  /** For a window as wide as a phone: lanes stand close, and labels are short. */
  readonly narrow: boolean
}

/** What a diagram begins with: nodes, without what they send for themselves and log at level info, folded. */
export function firstView({ tags }: Story): View {
  const hidden = tags.flatMap(({ kind, name }, at) =>
    kind === 'system' || (kind === 'log' && !/warn|error/.test(name)) ? [at] : [],
  )
  return {
    lanes: 'nodes',
    hiddenTags: new Set(hidden),
    hiddenChannels: new Set(),
    hiddenActors: new Set(),
    folds: true,
    unfolded: new Set(),
    narrow: false,
  }
}

/** Whether a message is shown. */
export function isShown(message: Message, story: Story, view: View): boolean {
  if (view.hiddenTags.has(message.tag) || view.hiddenChannels.has(message.channel)) return false
  if (view.hiddenActors.size === 0) return true
  const steps = [message.sent, ...message.ends.map(({ step }) => step)]
  return !steps.some((step) => {
    const actor = step === undefined ? undefined : story.steps[step]?.actor
    return actor !== undefined && view.hiddenActors.has(actor)
  })
}

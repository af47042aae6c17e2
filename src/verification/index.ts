export {
  type CampaignBounds,
  type CampaignCounts,
  type CampaignEvents,
  type Failure,
  runAttempt,
  runCampaign,
} from './campaign.js'
export type { Attempt, Explorer, ExplorerFactory, ExplorerPlan } from './explorer.js'
export { type DelayBoundedOptions, delayBounded } from './explorers/delay-bounded.js'
export { type DporOptions, dpor } from './explorers/dpor.js'
export { type OmissionsOptions, omissions } from './explorers/omissions.js'
export { type PctOptions, pct } from './explorers/pct.js'
export { pos } from './explorers/pos.js'
export { random } from './explorers/random.js'

export {
  type CampaignBounds,
  type CampaignCounts,
  type CampaignEvents,
  type Failure,
  runAttempt,
  runCampaign,
} from './campaign.js'
export {
  type EventuallyOptions,
  membersConverge,
  overlayConnects,
} from './contracts/cluster-contracts.js'
export { type DeliveryContract, delivered } from './contracts/delivery-contracts.js'
export type { MessageEvent, MessageLog } from './contracts/message-log.js'
export { diagramPage } from './diagram/page.js'
export { diagramPicture, type PictureOptions } from './diagram/picture.js'
export { shivizLog } from './diagram/shiviz.js'
export type {
  CampaignCounterexample,
  CampaignRecord,
  CampaignVerdict,
  ExplorerRecord,
  StuckRun,
} from './exploration/campaign-record.js'
export type { ExplorationProgress } from './exploration/exploration.js'
export { type Campaign, type ExploreOptions, explore } from './exploration/explore.js'
export type { Attempt, Explorer, ExplorerFactory, ExplorerPlan } from './explorer.js'
export { type DelayBoundedOptions, delayBounded } from './explorers/delay-bounded.js'
export { type DporOptions, dpor } from './explorers/dpor.js'
export { type OmissionsOptions, omissions } from './explorers/omissions.js'
export { type PctOptions, pct } from './explorers/pct.js'
export { pos } from './explorers/pos.js'
export { PRUNE_RULES, type PruneRule, type SkippedBy } from './explorers/prune-rules.js'
export { random } from './explorers/random.js'
export type { BudgetOptions } from './history/budget.js'
export {
  type ConsistentOptions,
  consistent,
  type Describe,
  type Described,
  historyOf,
  linearizable,
} from './history/client-history.js'
export {
  CONSISTENCIES,
  type Consistency,
  checkHistory,
  type HistoryCheckOptions,
} from './history/consistency.js'
export { converged, mergeLaws } from './history/convergence.js'
export { fifoQueue } from './history/fifo-queue.js'
export {
  type EventType,
  eventText,
  History,
  type HistoryEvent,
  type HistoryKey,
  type HistoryOp,
} from './history/history.js'
export { HistoryBuilder } from './history/history-builder.js'
export { readHistory } from './history/history-reader.js'
export { kv } from './history/kv.js'
export type { Access, AnyModel, Model, OperationRule } from './history/model.js'
export { MODEL_NAMES, modelNamed } from './history/models.js'
export { casRegister, register } from './history/register.js'
export type { HistoryVerdict, Violation } from './history/verdict.js'
export { type Kept, type ShrinkOptions, type ShrinkProgress, shrink } from './shrink/shrink.js'
export type { CaseCounts, Shrunk } from './shrink/shrunk.js'

/** The entry point `troupe/testing`: what shows that an overlay of your own keeps the contract. */
export { ContractError } from './assertion.js'
export { addressOf, coreMember, incarnationFor } from './core-member.js'
export { CoreNetwork, type CoreNetworkOptions } from './core-network.js'
export type { CoreNode } from './core-node.js'
export type { MakeOverlay, OverlayExpectations } from './overlay-bench.js'
export { type OverlayCase, overlayCases } from './overlay-cases.js'

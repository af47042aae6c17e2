/** The entry point `troupe/overlay`: what it takes to write an overlay of one's own. */
export { addressText, parseAddress } from './address.js'
export { clientServer } from './client-server/client-server.js'
export type {
  ClientServerOptions,
  GivenClientServerOptions,
} from './client-server/client-server-options.js'
export { fullMesh } from './full-mesh.js'
export type { FullMeshOptions } from './full-mesh-options.js'
export { hyparview } from './hyparview.js'
export type { HyParViewOptions, HyParViewSettings, ReservedSlots } from './hyparview-options.js'
export { compareIncarnations, memberFromWire, memberToWire } from './member.js'
export {
  type Address,
  type Member,
  NO_EFFECTS,
  type Overlay,
  type OverlayCapabilities,
  type OverlayEffect,
  type OverlayEvent,
  type OverlayFactory,
} from './overlay.js'
export { overlayNamed, overlayNames } from './overlay-named.js'
export { staticMembers } from './static-members.js'
export type { LinkOracle, XBotOptions } from './xbot-options.js'

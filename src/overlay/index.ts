/** The entry point `troupe/overlay`: what it takes to write an overlay of one's own. */
export { addressText, parseAddress } from './address.js'
export { clientServer } from './client-server/client-server.js'
export type {
  ClientServerOptions,
  GivenClientServerOptions,
} from './client-server/client-server-options.js'
export { cyclon } from './cyclon.js'
export type { CyclonOptions } from './cyclon-options.js'
export { fullMesh } from './full-mesh.js'
export type { FullMeshOptions } from './full-mesh-options.js'
export { hiscamp } from './hiscamp.js'
export type { Distance, HiScampOptions } from './hiscamp-options.js'
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
export type { ScampOptions } from './scamp-options.js'
export { scampV1 } from './scamp-v1.js'
export { scampV2 } from './scamp-v2.js'
export { staticMembers } from './static-members.js'
export type { LinkOracle, XBotOptions } from './xbot-options.js'

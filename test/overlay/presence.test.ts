import { readOptions } from '../../src/base/options.js'
import type { OverlayFactory } from '../../src/overlay/overlay.js'
import { PresenceOverlay } from '../../src/overlay/presence.js'
import { PRESENCE_FIELDS, type PresenceOptions } from '../../src/overlay/presence-options.js'
import { overlayContract } from '../contracts/overlay.js'

const presence = (given: Partial<PresenceOptions> = {}): OverlayFactory => {
  const options = readOptions<PresenceOptions>('presence', PRESENCE_FIELDS, given)
  return {
    name: 'presence',
    create: (self, random) => new PresenceOverlay('presence', self, options, random),
  }
}

overlayContract('presence', () => presence({ missedMax: 12 }), {
  joins: false,
  rejoins: true,
  persists: false,
  settleMs: 20_000,
  nodes: 10,
})

import { staticMembers } from '../../src/overlay/static-members.js'
import { overlayContract } from '../contracts/overlay.js'

overlayContract('staticMembers', (addresses) => staticMembers(addresses), {
  joins: false,
  removesOthers: false,
  rejoins: true,
  persists: false,
})

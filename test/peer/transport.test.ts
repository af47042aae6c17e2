import { transportContract } from '../contracts/transport.js'
import { RealLab, SimLab } from './lab.js'

transportContract('a simulated network', () => new SimLab({ seed: 'transport' }))
transportContract('TCP', () => new RealLab())

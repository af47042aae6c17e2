import type { Tape } from './choices.js'
import type { FaultModel } from './fault-model.js'
import type { Shares } from './sim-rules.js'

/** How many messages are lost, come twice, or find their sender crashed; those on a tape are, whatever the model says. */
export function sharesOf(model: FaultModel | undefined, tape: Tape = {}): Shares {
  const taped = Object.keys(tape)
  const { loss = 0, duplication = 0, stops = 0, faulty = 1 } = model?.options ?? {}
  const or = (share: number, verb: string): number =>
    share === 0 && taped.some((label) => label.startsWith(`${verb} `)) ? 1 : share
  return {
    loss: or(loss, 'drop'),
    duplication: or(duplication, 'duplicate'),
    stops: or(stops, 'crash'),
    stopped: taped.length > 0 ? Number.POSITIVE_INFINITY : faulty,
  }
}

import type { OverlayFactory } from './overlay.js'
import { Scamp } from './scamp.js'
import { readScampOptions, type ScampOptions } from './scamp-options.js'

const NAME = 'scamp-v2'

/**
 * SCAMP with indirect: true contact of a join sends the subscription on a random walk to a node that
 * acts in its place, so that all may join through one node. Who takes a member out of its view tells
 * it, so that every node knows who has it in a view. c - 1 copies in place of c: views of about
 * c × ln n members.
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function scampV2(options: Partial<ScampOptions> = {}): OverlayFactory {
  const read = readScampOptions('scampV2', options)
  const copies = Math.max(0, read.redundancy - 1)
  const rules = { name: NAME, copies, tellsDrops: true, indirect: true }
  return { name: NAME, create: (self, random) => new Scamp(self, random, rules, read) }
}

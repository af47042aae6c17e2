import type { OverlayFactory } from './overlay.js'
import { Scamp } from './scamp.js'
import { readScampOptions, type ScampOptions } from './scamp-options.js'

const NAME = 'scamp-v1'

/**
 * SCAMP as first published: partial views whose size, about (c + 1) × ln n, follows the number of
 * nodes by itself; c is `redundancy`. Weak when many join and leave at once; `leaseMs` helps. A node
 * learns by pings who has it in a view. The contact of a join acts itself, and only one that has done so
 * often hands newcomers on as version 2 does: join through different nodes. See `Scamp` for where this departs from the paper.
 *
 * @throws TroupeError ERR_BAD_OPTION
 */
export function scampV1(options: Partial<ScampOptions> = {}): OverlayFactory {
  const read = readScampOptions('scampV1', options)
  const rules = { name: NAME, copies: read.redundancy, tellsDrops: false, indirect: false }
  return { name: NAME, create: (self, random) => new Scamp(self, random, rules, read) }
}

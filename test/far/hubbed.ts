import type { NodeOptions, OverlayFactory } from '../../src/index.js'
import { scripted } from '../overlay/scripted-overlay.js'
import { list, outcomeOf } from '../promises/environment.js'
import { Simulated } from '../promises/simulated.js'
import type { Subject } from '../promises/subject.js'

const HUB = 'hub'

/** Nodes that are connected to one in the middle only: all that they say to each other is relayed. */
export class Hubbed extends Simulated {
  override async start(name: string, options: Partial<NodeOptions> = {}): Promise<Subject> {
    if (!this.subjects.has(HUB)) await super.start(HUB, { overlay: scripted({}) })
    const subject = await super.start(name, { overlay: scripted({ [name]: [HUB] }), ...options })
    await this.until(`${name} is connected`, () => subject.node.isUp(HUB))
    return subject
  }

  override async cluster(
    names: readonly string[],
    options: Partial<NodeOptions> = {},
  ): Promise<Subject[]> {
    const subjects: Subject[] = []
    for (const name of names) subjects.push(await this.start(name, options))
    await this.connected(names)
    return subjects
  }

  override async connected(names: readonly string[]): Promise<void> {
    await acquainted(this, names)
  }

  override reset(a: string, b: string): void {
    for (const name of [a, b]) super.reset(name, HUB)
  }

  /** The smaller part loses the hub, too. */
  override partition(a: string | readonly string[], b: string | readonly string[]): () => void {
    const [few, many] = list(a).length > list(b).length ? [list(b), list(a)] : [list(a), list(b)]
    return super.partition(few, [...many, HUB])
  }
}

/** Nodes over an overlay that may be another for each name. */
export class Over extends Simulated {
  readonly #overlayOf: (name: string) => OverlayFactory

  constructor(seed: number | string, overlayOf: (name: string) => OverlayFactory) {
    super(seed)
    this.#overlayOf = overlayOf
  }

  override start(name: string, options: Partial<NodeOptions> = {}): Promise<Subject> {
    return super.start(name, { overlay: this.#overlayOf(name), ...options })
  }

  override async connected(names: readonly string[]): Promise<void> {
    await acquainted(this, names)
    await super.connected(names)
  }
}

/** Each has heard of each other. */
async function acquainted(env: Simulated, names: readonly string[]): Promise<void> {
  for (const a of names) for (const b of names) if (a !== b) await meet(env, a, b)
  await env.run(100)
}

async function meet(env: Simulated, a: string, b: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const asked = env.subject(a).node.whereis('nobody', { on: b })
    if ((await env.complete(outcomeOf(asked))) === 'answered') return
    await env.run(500)
  }
  throw new Error(`${a} does not reach ${b}`)
}

import { assert } from 'chai'
import { type ExitReason, NORMAL, SHUTDOWN } from '../../src/actor/exit-reason.js'
import type { ActorRef } from '../../src/actor/ref.js'
import { codeOf } from '../../src/base/errors.js'
import type { ChildSpec } from '../../src/supervision/child-spec.js'
import type { Strategy } from '../../src/supervision/strategies.js'
import { Probe, Probes, Sup } from './probe.js'
import { SupervisedNode } from './supervised-node.js'

/** The cases of OTP's supervisor_SUITE that a test covers, by the test's title. */
export const OTP_CASES: { readonly title: string; readonly cases: readonly string[] }[] = []

/** A test that does what one or more cases of OTP's supervisor_SUITE do. */
export function otp(cases: string, title: string, run: () => Promise<void> | void): void {
  OTP_CASES.push({ title, cases: cases.split(' ') })
  it(title, run)
}

export const CRASH = 'crash'
/** The three ways for a child to end by itself. */
export type EndBy = ExitReason | typeof CRASH
export { NORMAL, SHUTDOWN }

/** One supervisor over probes. */
export class Scene {
  readonly node = new SupervisedNode()
  readonly probes = new Probes()
  sup!: ActorRef<Sup>

  async up(strategy: Strategy, children: readonly ChildSpec[]): Promise<this> {
    this.sup = await this.node.up(Sup, { strategy, children })
    return this
  }

  /** What happened to probes since the last look. */
  get happened(): string {
    return this.probes.happened
  }

  probe(id: string): ActorRef<Probe> {
    return this.node.system.node.lookup(Probe, id)
  }

  async end(id: string, by: EndBy): Promise<void> {
    if (by === CRASH)
      await this.probe(id)
        .ask.crash()
        .catch(() => {})
    else this.probe(id).tell.finish(by)
    await this.node.settle()
  }

  /** `a:running b:stopped`. */
  async which(): Promise<string> {
    const all = await this.sup.ask.whichChildren()
    return all.map(({ id, status }) => `${id}:${status}`).join(' ')
  }

  /** specs, active, supervisors, workers. */
  async counts(): Promise<number[]> {
    const { specs, active, supervisors, workers } = await this.sup.ask.countChildren()
    return [specs, active, supervisors, workers]
  }

  get supAlive(): boolean {
    return this.node.alive(this.sup)
  }
}

export async function rejects(promise: Promise<unknown>, code: string, part = ''): Promise<void> {
  const error = await promise.then(
    () => assert.fail(`expected ${code}`),
    (reason: Error) => reason,
  )
  assert.equal(codeOf(error), code, error.message)
  assert.include(error.message, part)
}

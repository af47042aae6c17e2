import { Actor } from '../../src/actor/actor.js'
import type { Down, Exit } from '../../src/actor/bonds.js'
import { type ExitReason, showReason } from '../../src/actor/exit-reason.js'
import { OneNode, TestGuardian } from './one-node.js'

export type Gate = { open(): void; readonly passed: Promise<void> }

export function gate(): Gate {
  let open = (): void => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, passed }
}

/** Writes down what happens to it. */
export class Diary extends Actor<{ log: string[]; start?: Promise<void>; stop?: Promise<void> }> {
  constructor() {
    super()
    this.args.log.push('constructor')
  }
  override async onStart(): Promise<void> {
    this.args.log.push('onStart')
    if (this.args.start) await this.args.start
  }
  override onStop(reason: ExitReason): void | Promise<void> {
    this.args.log.push(`onStop ${showReason(reason)}`)
    return this.args.stop
  }
  override onDown(down: Down): void {
    this.args.log.push(`onDown ${down.reason.type}`)
  }
  override onExit(exit: Exit): void {
    this.args.log.push(`onExit ${exit.reason.type}`)
  }
  write(line: string): void {
    this.args.log.push(line)
  }
  async hold(passed: Promise<void>, then = 'held'): Promise<void> {
    this.args.log.push('holds')
    await passed
    this.write(then)
  }
  trap(on: boolean): void {
    this.trapExits = on
  }
  crash(): never {
    throw new Error('boom')
  }
  async crashLater(): Promise<never> {
    await Promise.resolve()
    throw new Error('boom later')
  }
  end(): void {
    this.stop()
    this.args.log.push('asked to stop')
  }
}

export function diary(
  node = new OneNode(),
  more: { start?: Promise<void>; stop?: Promise<void> } = {},
) {
  const log: string[] = []
  const ref = node.node.spawn(Diary, { log, ...more })
  return { node, log, ref, cell: node.cellOf(ref) }
}

export function guarded(restarts: boolean, more: { stop?: Promise<void> } = {}) {
  const node = new OneNode()
  const guardian = new TestGuardian(restarts)
  const log: string[] = []
  const cell = node.system.spawn(Diary, { log, ...more }, undefined, guardian)
  const ref = node.node.ref(Diary, String(cell.ref))
  return { node, guardian, log, cell, ref }
}

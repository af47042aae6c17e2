import { assert } from 'chai'
import type { ActorNode } from '../../src/actor/actor-node.js'
import { ActorSystem, type ActorSystemOptions } from '../../src/actor/actor-system.js'
import type { Bonds } from '../../src/actor/bonds.js'
import type { Cell } from '../../src/actor/cell.js'
import type { DeadLetter } from '../../src/actor/dead-letter.js'
import type { ExitReason } from '../../src/actor/exit-reason.js'
import type { Guardian } from '../../src/actor/guardian.js'
import { noOutbound, type Outbound } from '../../src/actor/outbound.js'
import type { AnyRef } from '../../src/actor/ref.js'
import { codeOf } from '../../src/base/errors.js'
import { newIncarnation } from '../../src/base/identity.js'
import type { Logger } from '../../src/base/logger.js'
import { ManualWorld } from './manual-world.js'

export interface LogLine {
  readonly level: keyof Logger
  readonly message: string
  readonly fields: Record<string, unknown>
}

/** What a cell reported to its bonds. */
export interface Ended {
  readonly cell: Cell
  readonly incarnation: number
  readonly reason: ExitReason
  readonly willRestart: boolean
}

/** The actors of one node under a clock that the test moves. */
export class OneNode {
  readonly world = new ManualWorld()
  readonly system: ActorSystem
  readonly deadLetters: DeadLetter[] = []
  readonly log: LogLine[] = []
  readonly ended: Ended[] = []
  readonly bonded: string[] = []

  constructor(options?: ActorSystemOptions, outbound: Outbound = noOutbound) {
    const line = (level: keyof Logger) => (fields: object, message: string) => {
      this.log.push({ level, message, fields: fields as Record<string, unknown> })
    }
    const bond = (what: string) => (cell: Cell, target: AnyRef) => {
      this.bonded.push(`${what} ${cell.serial} ${target.type}`)
    }
    const bonds: Bonds = {
      watch: bond('watch'),
      unwatch: bond('unwatch'),
      link: bond('link'),
      unlink: bond('unlink'),
      ended: (cell, incarnation, reason, willRestart) => {
        this.ended.push({ cell, incarnation, reason, willRestart })
      },
    }
    this.system = new ActorSystem({
      world: this.world,
      nodeName: 'a',
      incarnation: newIncarnation(this.world.clock.wallMs(), new Uint8Array([1, 2, 3, 4, 5])),
      outbound,
      bonds,
      log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
      ...(options && { options }),
    })
    this.system.events.on('deadLetter', (letter) => this.deadLetters.push(letter))
  }

  get node(): ActorNode {
    return this.system.node
  }

  cellOf(ref: AnyRef): Cell {
    const cell = this.system.cellOf(ref)
    assert.isDefined(cell, `${ref} has ended`)
    return cell as Cell
  }
}

/** A guardian that says yes or no, and remembers what it was told. */
export class TestGuardian implements Guardian {
  readonly cell = undefined
  readonly log: string[] = []
  readonly #restarts: boolean

  constructor(restarts: boolean) {
    this.#restarts = restarts
  }

  started(cell: Cell): void {
    this.log.push(`started ${cell.incarnation}`)
  }

  ended(_cell: Cell, reason: ExitReason): boolean {
    this.log.push(`ended ${reason.type}`)
    return this.#restarts
  }
}

/** The code with which a promise rejects; fails when it does not. */
export async function codeOfRejection(promise: Promise<unknown>): Promise<string | undefined> {
  return codeOf(await rejection(promise))
}

export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown
  try {
    value = await promise
  } catch (error) {
    return error
  }
  throw new Error(`resolved to ${String(value)} instead of rejecting`)
}

/** The code of what `run` throws; fails when it does not throw. */
export function codeOfThrow(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    return codeOf(error)
  }
  throw new Error('did not throw')
}

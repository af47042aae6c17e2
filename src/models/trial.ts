import type { AsyncCommand } from 'fast-check'
import {
  CheckFailed,
  type Client,
  type Driver,
  FaultModel,
  type Result,
  type Scenario,
  type SimulateOptions,
  simulate,
} from '../simulation/index.js'
import { linearizableBy } from './command-model.js'
import { isBadModel } from './command-rules.js'
import type { FastCheck } from './fast-check-package.js'
import { drawnKinds, type FaultDraw } from './fault-draws.js'
import { FaultLedger } from './fault-ledger.js'
import type { Plan } from './model-options.js'
import { Player, type Refuted, type Stage, StepCommand, type Wait } from './player.js'
import type { Script } from './script.js'

const NO_FAULTS = new FaultModel({ weights: {} })

/** Commands for the sequences of a run. */
export interface Sequences<M> {
  readonly clients: readonly Iterable<AsyncCommand<Player<M>, Client>>[]
  readonly faults: Iterable<AsyncCommand<Player<M>, Client>>
}

/** One run of a model test, and what was done in it. */
export interface Trial {
  readonly result: Result
  readonly script: Script
  readonly refuted: Refuted | undefined
  readonly waits: readonly Wait[]
  /** Too many outcomes were unknown to say anything. */
  readonly undecided: boolean
}

export const sequencesOf = <M>({ clients, faults }: Script): Sequences<M> => ({
  clients: clients.map((steps) => steps.map((step) => new StepCommand<M>(step))),
  faults: faults.map((step) => new StepCommand<M>(step)),
})

/** A run is nothing when the model went wrong in it. @throws TroupeError ERR_BAD_MODEL */
export function refuseBadModel(result: Result): Result {
  const { error } = result
  const cause = error instanceof CheckFailed ? error.cause : error
  if (isBadModel(cause)) throw cause
  return result
}

/**
 * The scenario with commands as its workload, each sequence by a simulated client. What they do is written down in the
 * trial, if there is one to write to.
 */
export class Trials<M> {
  readonly #fc: FastCheck
  readonly #plan: Plan<M>
  readonly #draws: readonly FaultDraw[] | undefined

  /** @param draws what faults are drawn from; undefined where they are given, and need not keep to the model */
  constructor(fc: FastCheck, plan: Plan<M>, draws: readonly FaultDraw[] | undefined) {
    this.#fc = fc
    this.#plan = plan
    this.#draws = draws
  }

  /** @throws TroupeError ERR_BAD_MODEL, ERR_BAD_SCENARIO */
  async run(sequences: Sequences<M>, options: SimulateOptions): Promise<Trial> {
    const players: Player<M>[] = []
    let stage: Stage<M> | undefined
    const scenario = this.scenario(sequences, (on, all) => {
      stage = on
      players.push(...all)
    })
    const result = await simulate(scenario, options)
    refuseBadModel(result)
    const clients = this.#plan.concurrent ?? 1
    return {
      result,
      script: {
        clients: players.slice(0, clients).map(({ ran }) => ran),
        faults: players[clients]?.ran ?? [],
      },
      refuted: stage?.refuted,
      waits: stage?.waits ?? [],
      undecided: players.some(({ undecided }) => undecided),
    }
  }

  /** @param begun hears of who does the steps */
  scenario(
    sequences: Sequences<M>,
    begun: (stage: Stage<M>, players: readonly Player<M>[]) => void = () => {},
  ): Scenario {
    const { scenario, rules, faults, concurrent, byModel } = this.#plan
    const { checks = [], faults: _, ...rest } = scenario
    return {
      ...rest,
      // what befalls single messages is up to the seed; all else is steps
      ...(faults && { faults: faults.with({ weights: {}, user: {} }) }),
      checks: byModel ? [...checks, linearizableBy(rules)] : checks,
      workload: async (w) => {
        const ledger = this.#ledger(w.seed)
        const stage: Stage<M> = {
          rules,
          ledger,
          driver: w,
          waits: [],
          over: false,
          refuted: undefined,
        }
        if (concurrent === undefined) {
          const player = new Player(stage, w, true)
          begun(stage, [player])
          await this.#play(player, sequences.clients[0] ?? [])
        } else await this.#together(w, stage, sequences, begun)
      },
    }
  }

  #ledger(seed: string): FaultLedger {
    const { faults = NO_FAULTS, nodes } = this.#plan
    const kinds = this.#draws && drawnKinds(faults, this.#draws, seed)
    return new FaultLedger(faults, nodes.length, kinds)
  }

  async #together(
    w: Driver,
    stage: Stage<M>,
    { clients, faults }: Sequences<M>,
    begun: (stage: Stage<M>, players: readonly Player<M>[]) => void,
  ): Promise<void> {
    const nemesis = new Player(stage, w, false)
    const players: Player<M>[] = []
    const parallel = w.parallel(clients.length, async (client, at) => {
      const player = new Player(stage, client, false)
      players.push(player)
      if (players.length === clients.length) begun(stage, [...players, nemesis])
      await this.#play(player, clients[at] ?? [])
    })
    await Promise.all([
      parallel.then(() => {
        stage.over = true
      }),
      this.#play(nemesis, faults),
    ])
  }

  #play(player: Player<M>, commands: Iterable<AsyncCommand<Player<M>, Client>>): Promise<void> {
    return this.#fc.asyncModelRun(() => ({ model: player, real: player.client }), commands)
  }
}

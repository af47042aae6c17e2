import { lan } from '../../src/index.js'
import { Simulation, type SimulationOptions } from '../../src/simulation/simulation.js'
import type { Address } from '../../src/world/network.js'
import { Environment, list } from './environment.js'
import { FaultyWorld } from './faulty-world.js'

/** A simulated network under virtual time, with the times of `lan()`. */
export class Simulated extends Environment {
  readonly title: string
  readonly timing = lan()
  readonly sim: Simulation

  constructor(seed: number | string, options: Omit<SimulationOptions, 'seed'> = {}) {
    super()
    this.title = `SEED=${seed}`
    this.sim = new Simulation({ ...options, seed })
  }

  override now(): number {
    return this.sim.nowMs
  }

  override run(ms: number): Promise<void> {
    return this.sim.run(ms)
  }

  override until(what: string, holds: () => boolean, limitMs = 60_000): Promise<void> {
    return this.sim.runUntil(holds, limitMs, what)
  }

  override complete<T>(promise: Promise<T>): Promise<T> {
    return this.sim.complete(promise)
  }

  override async crash(name: string, silent = false): Promise<void> {
    this.sim.crash(name, { silent })
    this.subject(name).crashed = true
  }

  override partition(a: string | readonly string[], b: string | readonly string[]): () => void {
    return this.sim.partition(list(a), list(b))
  }

  override async close(): Promise<void> {
    this.sim.heal()
    for (const name of this.subjects.keys()) this.sim.resume(name)
    await super.close()
  }

  override async nextAddressOf(name: string): Promise<Address> {
    return { host: name, port: 9_001 }
  }

  protected override worldOf(name: string): FaultyWorld {
    const known = this.subjects.get(name)
    return new FaultyWorld(known === undefined ? this.sim.world(name) : this.sim.restart(name))
  }

  protected override listenOf(name: string): { host: string; port: number } {
    return { host: name, port: 9_000 }
  }

  protected override async freeAddress(name: string): Promise<Address> {
    return this.listenOf(name)
  }
}

import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { local, type RealWorldOptions, realWorld } from '../../src/index.js'
import type { Address, Network } from '../../src/world/network.js'
import { freePort } from '../processes/free-port.js'
import { Environment, list } from './environment.js'
import { FaultyWorld } from './faulty-world.js'
import type { Subject } from './subject.js'

/** Real sockets on loopback and real time, with the times of `local()`. */
export class Real extends Environment {
  readonly title: string = 'TCP'
  readonly timing = local()
  readonly #clock = realWorld().clock
  readonly #keeps: boolean
  #stores: string | undefined

  /** With `stores` each node has a directory that the next incarnation of its name finds. */
  constructor({ stores = false } = {}) {
    super()
    this.#keeps = stores
  }

  override now(): number {
    return this.#clock.now()
  }

  override run(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve))
  }

  override async until(what: string, holds: () => boolean, limitMs = 10_000): Promise<void> {
    const end = this.now() + limitMs
    while (!holds()) {
      if (this.now() > end) throw new Error(`${what} was not reached within ${limitMs} ms`)
      await this.run(2)
    }
  }

  override complete<T>(promise: Promise<T>): Promise<T> {
    return promise
  }

  override async crash(name: string): Promise<void> {
    const subject = this.subject(name)
    subject.crashed = true
    await subject.faulty.kill()
  }

  override partition(a: string | readonly string[], b: string | readonly string[]): () => void {
    const ways: [Subject, Subject][] = []
    for (const one of list(a)) {
      for (const other of list(b)) {
        ways.push([this.subject(one), this.subject(other)])
        ways.push([this.subject(other), this.subject(one)])
      }
    }
    for (const [from, to] of ways) from.faulty.cut(to.address)
    return () => {
      for (const [from, to] of ways) from.faulty.mend(to.address)
    }
  }

  /** A test that fails half-way stops nothing itself, and open sockets would keep the process. */
  override async close(): Promise<void> {
    await Promise.all(this.elsewhere.map((node) => node.stop({ timeoutMs: 100, drainMs: 0 })))
    await super.close().finally(async () => {
      if (this.#stores !== undefined) await rm(this.#stores, { recursive: true, force: true })
    })
  }

  protected override worldOf(name: string): FaultyWorld {
    return new FaultyWorld({ ...realWorld(this.#storeOf(name)), network: this.networkOf(name) })
  }

  /** What carries the bytes of that node's next incarnation. */
  protected networkOf(_name: string): Network {
    return realWorld().network
  }

  #storeOf(name: string): RealWorldOptions {
    if (!this.#keeps) return {}
    this.#stores ??= mkdtempSync(join(tmpdir(), 'troupe-nodes-'))
    return { dataDir: join(this.#stores, name) }
  }

  protected override async freeAddress(): Promise<Address> {
    return { host: '127.0.0.1', port: await freePort() }
  }

  protected override listenOf(): { host: string; port: number } {
    return { host: '127.0.0.1', port: 0 }
  }
}

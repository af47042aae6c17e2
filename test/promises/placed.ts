import { assert } from 'chai'
import {
  Actor,
  type ActorRef,
  type AnyRef,
  actor,
  child,
  oneForOne,
  type Relocate,
  Supervisor,
  showReason,
} from '../../src/index.js'
import type { Environment } from './environment.js'
import type { Subject } from './subject.js'

interface Life {
  readonly on: string
  readonly id: string
  readonly event: string
  readonly atMs: number
}

/** Lives of placed children by test, written by themselves: no message has to arrive for it. */
export const lives: Life[] = []

@actor('promises/placed')
export class Placed extends Actor {
  #count = 0

  override onStart(): void {
    this.#write('starts')
  }

  override onStop(reason: Parameters<typeof showReason>[0]): void {
    this.#write(`stops: ${showReason(reason)}`)
  }

  count(): number {
    return ++this.#count
  }

  host(): string {
    return this.node.name
  }

  crash(): never {
    throw new Error('boom')
  }

  #write(event: string): void {
    lives.push({ on: this.node.name, id: String(this.self), event, atMs: this.node.now() })
  }
}

export class Keeper extends Supervisor<{ readonly on: string; readonly relocate: Relocate }> {
  override readonly strategy = oneForOne({ maxRestarts: 5, withinMs: 5_000 })
  override children() {
    return [child('placed', Placed, { ...this.args, name: 'placed' })]
  }

  /** The ref of the child as it is now. */
  current(): AnyRef | undefined {
    return this.whichChildren()[0]?.ref
  }

  status(): string {
    return this.whichChildren()[0]?.status ?? 'none'
  }

  /** Asks through the handle. */
  host(): Promise<string> {
    return this.child<Placed>('placed').with({ timeoutMs: 200 }).ask.host()
  }
}

/** A supervisor on a with a child placed on b. */
export async function placed(
  env: Environment,
  relocate: Relocate,
  names: readonly string[] = ['a', 'b', 'c'],
): Promise<{ a: Subject; b: Subject; keeper: ActorRef<Keeper> }> {
  lives.length = 0
  const subjects = await env.cluster(names, { remoteSpawn: [Placed] })
  const [a, b] = subjects as [Subject, Subject]
  const keeper = a.node.spawn(Keeper, { on: 'b', relocate })
  await env.complete(keeper.ready())
  assert.deepEqual(events(), ['b starts'])
  return { a, b, keeper }
}

/** Started, and not stopped since. */
export const living = (): Life[] =>
  lives.filter(
    ({ id, event }) =>
      event === 'starts' && !lives.some((one) => one.id === id && one.event !== 'starts'),
  )

/** Where the child runs, once its supervisor knows. */
export async function hostOf(env: Environment, keeper: ActorRef<Keeper>): Promise<string> {
  for (let tries = 0; ; tries++) {
    const status = await env.complete(keeper.ask.status())
    if (status === 'running') return env.complete(keeper.ask.host())
    if (tries > 50) throw new Error(`the child is ${status}`)
    await env.run(50)
  }
}

export const events = (): string[] => lives.map(({ on, event }) => `${on} ${event}`)

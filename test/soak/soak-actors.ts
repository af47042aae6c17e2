import {
  Actor,
  type ActorRef,
  type AnyRef,
  actor,
  type Down,
  DynamicSupervisor,
  dynamic,
  leastLoaded,
  template,
} from '../../src/index.js'

/** Something that runs somewhere under a supervisor. */
@actor('soak/job')
export class Job extends Actor<{ readonly number: number }> {
  #done = 0

  get number(): number {
    return this.args.number
  }

  work(): number {
    return ++this.#done
  }

  fail(): void {
    throw new Error('as asked')
  }
}

/** The jobs of a node, spread over all nodes. */
@actor('soak/jobs')
export class Jobs extends DynamicSupervisor<Job> {
  override readonly strategy = dynamic({ maxRestarts: 1_000, withinMs: 1_000 })
  override children() {
    return [template('job', Job, { restart: 'permanent', on: leastLoaded })]
  }
}

/** What one watch was told. */
export interface Told {
  readonly ref: AnyRef
  readonly downs: Down[]
}

/** Watches jobs, and keeps all that it is told. */
@actor('soak/watcher')
export class Watcher extends Actor {
  readonly told = new Map<string, Told>()

  follow(job: ActorRef<Job>): void {
    const key = String(job)
    if (this.told.has(key)) return
    this.told.set(key, { ref: job as unknown as AnyRef, downs: [] })
    this.watch(job)
  }

  override onDown(down: Down): void {
    this.told.get(String(down.ref))?.downs.push(down)
  }
}

/** A member of a group over all nodes. */
@actor('soak/listener')
export class Listener extends Actor {
  heard = 0

  override async onStart(): Promise<void> {
    await this.node.group(Listener, 'listeners').join(this.selfAs(Listener))
  }

  hear(): void {
    this.heard++
  }
}

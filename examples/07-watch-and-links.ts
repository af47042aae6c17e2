// Watch: be told when another actor ends. Link: end together, unless you trap exits.
import { Actor, type ActorRef, actor, type Down, type Exit, startNode } from 'troupe'

@actor('bonds/worker')
class Worker extends Actor {
  crash(): void {
    throw new Error('out of paper')
  }
}

@actor('bonds/boss')
class Boss extends Actor {
  override readonly trapExits = true
  readonly #news: string[] = []

  hire(worker: ActorRef<Worker>): void {
    this.watch(worker)
    this.link(worker)
  }

  override onDown(down: Down): void {
    this.#news.push(`down: ${down.reason.type}`)
  }

  override onExit(exit: Exit): void {
    this.#news.push(`exit: ${exit.reason.type}`)
  }

  news(): string[] {
    return this.#news
  }
}

const a = await startNode({ name: 'a' })
const b = await startNode({ name: 'b', remoteSpawn: [Worker] }) // others may start workers here
await a.join(b.address)

const boss = a.spawn(Boss)
const worker = await a.spawnOn('b', Worker) // on another node: it makes no difference
await boss.ask.hire(worker)
await worker.ask.crash().catch((error) => console.log('the asker hears:', error.message))
while ((await boss.ask.news()).length < 2);
console.log((await boss.ask.news()).sort())
await b.stop()
await a.stop()

// Output:
// the asker hears: out of paper
// [ 'down: error', 'exit: error' ]

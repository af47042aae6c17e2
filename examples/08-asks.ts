// An ask always settles: an answer, a refusal, a deadline, or the caller's own change of mind.
import { Actor, actor, Refusal, type Reply, startNode } from 'troupe'

@actor('asks/kitchen')
class Kitchen extends Actor {
  #waiting: Reply<string> | undefined

  order(dish: string): string {
    if (dish === 'soup') throw new Refusal('SOLD_OUT', 'no soup left', { dish })
    return `one ${dish}`
  }

  async slow(): Promise<string> {
    await new Promise((resolve) => this.signal.addEventListener('abort', resolve))
    return 'nobody waits any more'
  }

  special(): string {
    this.#waiting = this.deferReply<string>() // answer later
    return ''
  }

  ready(dish: string): void {
    this.#waiting?.resolve(`today's special: ${dish}`)
  }
}

const node = await startNode({ name: 'a' })
const kitchen = node.spawn(Kitchen)

console.log(await kitchen.ask.order('tea'))
console.log(await kitchen.ask.order('soup').catch((e) => `${e.code} ${JSON.stringify(e.data)}`))

const special = kitchen.ask.special()
kitchen.tell.ready('dumplings')
console.log(await special)

const impatient = kitchen.with({ timeoutMs: 50 })
console.log(await impatient.ask.slow().catch((error) => error.code))

const mind = new AbortController()
const answer = kitchen.with({ signal: mind.signal }).ask.slow()
mind.abort()
console.log(await answer.catch((error) => error.code))
await node.stop({ drainMs: 100 })

// Output:
// one tea
// SOLD_OUT {"dish":"soup"}
// today's special: dumplings
// ERR_ASK_TIMEOUT
// ERR_ABORTED

// Reliable messages arrive once, whatever breaks. Causal ones do not overtake what led to them.
import { Actor, type ActorRef, actor, causal, reliable, startNode } from 'troupe'

@actor('delivery/account')
@reliable
class Account extends Actor {
  #balance = 0

  pay(sum: number): void {
    this.#balance += sum
  }

  balance(): number {
    return this.#balance
  }
}

@actor('delivery/chat')
class Chat extends Actor {
  #lines: string[] = []

  @causal('chat')
  say(line: string): void {
    this.#lines.push(line)
  }

  @causal('chat')
  answer(line: string, to: ActorRef<Chat>): void {
    to.tell.say(line)
  }

  lines(): string[] {
    return this.#lines
  }
}

const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => startNode({ name })))
if (!a || !b || !c) throw new Error('a node is missing')
for (const node of [b, c]) await node.join(a.address)

const account = a.ref(Account, String(b.spawn(Account)))
for (let n = 0; n < 100; n++) account.tell.pay(1)
console.log('b has', await account.ask.balance())

const room = a.ref(Chat, String(c.spawn(Chat)))
const friend = a.ref(Chat, String(b.spawn(Chat)))
room.with({ expireAfterMs: 60_000 }).tell.say('shall we play?')
friend.tell.answer('yes!', room) // it comes by way of b, and never before the question
while ((await room.ask.lines()).length < 2);
console.log(await room.ask.lines())
while (a.stats().delivery?.pending !== 0) await room.ask.lines()
console.log(a.stats().delivery?.acknowledged, 'acknowledged')
await Promise.all([a.stop(), b.stop(), c.stop()])

// Output:
// b has 100
// [ 'shall we play?', 'yes!' ]
// 103 acknowledged

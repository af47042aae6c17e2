// One actor, many rooms: messages of one room keep their order, rooms travel in parallel.
import { Actor, type ActorRef, actor, channel, partitionKey, startNode } from 'troupe'

interface Line {
  readonly room: string
  readonly text: string
}

@actor('chat/member')
class Member extends Actor<{ name: string }> {
  readonly #heard: string[] = []

  hear(line: Line): void {
    this.#heard.push(`${line.room}: ${line.text}`)
  }

  heard(room: string): string[] {
    return this.#heard.filter((line) => line.startsWith(room))
  }
}

@actor('chat/server')
@channel('chat')
class Server extends Actor {
  readonly #members = new Set<ActorRef<Member>>()

  enter(member: ActorRef<Member>): void {
    this.#members.add(member)
  }

  @partitionKey((line: Line) => line.room)
  say(line: Line): void {
    for (const member of this.#members) member.with({ partitionKey: line.room }).tell.hear(line)
  }
}

const options = { channels: { chat: { connections: 4 } } }
const a = await startNode({ name: 'a', ...options })
const b = await startNode({ name: 'b', ...options })
await b.join(a.address)
a.spawn(Server, undefined, { name: 'chat' })

const server = b.lookup(Server, 'chat', { on: 'a' })
const ann = b.spawn(Member, { name: 'ann' })
await server.ask.enter(ann)
for (const text of ['one', 'two', 'three']) {
  for (const room of ['tea', 'go']) await server.ask.say({ room, text })
}
while ((await ann.ask.heard('')).length < 6); // until all six came back
console.log(await ann.ask.heard('tea'), await ann.ask.heard('go'))
await b.stop()
await a.stop()

// Output:
// [ 'tea: one', 'tea: two', 'tea: three' ] [ 'go: one', 'go: two', 'go: three' ]

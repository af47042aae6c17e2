import { Actor, type ActorRef, actor } from '../../src/index.js'
import { check, faultModels, type Scenario } from '../../src/simulation/index.js'

/** Tells every member what is said, in one order for all. */
@actor('chat/room')
class Room extends Actor {
  readonly #members: ActorRef<Member>[] = []
  readonly #said: string[] = []

  enter(member: ActorRef<Member>): readonly string[] {
    this.#members.push(member)
    return this.#said
  }

  say(line: string): number {
    this.#said.push(line)
    for (const member of this.#members) member.tell.hear(line, this.#said.length)
    return this.#said.length
  }

  since(count: number): readonly string[] {
    return this.#said.slice(count)
  }
}

/** Keeps what it has heard without gaps: what it missed, it asks for. */
@actor('chat/member')
class Member extends Actor<{ readonly roomOn: string }> {
  readonly heard: string[] = []

  override async onStart(): Promise<void> {
    this.every(1_000, () => void this.selfAs(Member).tell.catchUp())
    await this.catchUp()
    await this.#room.ask.enter(this.selfAs(Member))
  }

  hear(line: string, number: number): void {
    if (number === this.heard.length + 1) this.heard.push(line)
  }

  async catchUp(): Promise<void> {
    const missed = await this.#room.ask.since(this.heard.length).catch(() => [])
    this.heard.push(...missed)
  }

  get #room(): ActorRef<Room> {
    return this.node.lookup(Room, 'lobby', { on: this.args.roomOn })
  }
}

const LINES = 20

/** Four people in a room talk while the network breaks; in the end all have heard the same. */
const chat: Scenario = {
  name: 'chat',
  nodes: 4,
  start(node) {
    if (node.name === 'n1') node.spawn(Room, undefined, { name: 'lobby' })
    else node.spawn(Member, { roomOn: 'n1' })
  },
  operations: {
    say: (node, line: string) => node.lookup(Room, 'lobby', { on: 'n1' }).ask.say(line),
  },
  async workload(w) {
    await w.parallel(4, async (client) => {
      for (let i = 0; i < LINES; i++) {
        await client.call('say', `${client.name} says ${client.int(100)}`)
        await client.sleep(client.int(500))
      }
    })
  },
  faults: faultModels.partitions().plus(faultModels.network()),
  checks: [
    check.eventually('all have heard the same', (view) => {
      const heard = view.actors(Member).map(({ actor }) => JSON.stringify(actor.heard))
      return new Set(heard).size === 1
    }),
    check.history('what is said is said once', (ops) => {
      const places = ops.filter(({ status }) => status === 'ok').map(({ value }) => value)
      return new Set(places).size === places.length
    }),
  ],
}

export default chat

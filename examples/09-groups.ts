// A group is a name for many actors on many nodes.
import { Actor, actor, startNode } from 'troupe'

@actor('groups/screen')
class Screen extends Actor<{ where: string }> {
  #shows = ''

  override onStart(): void {
    this.node.group(Screen, 'screens').join(this.self)
  }

  show(text: string): void {
    this.#shows = `${this.args.where}: ${text}`
  }

  shows(): string {
    return this.#shows
  }
}

const a = await startNode({ name: 'a' })
const b = await startNode({ name: 'b' })
await b.join(a.address)

const hall = a.spawn(Screen, { where: 'hall' })
const cafe = b.spawn(Screen, { where: 'cafe' })

const screens = a.group(Screen, 'screens')
while (screens.members().length < 2) await hall.ask.shows() // the news travels
screens.tell.show('the show begins')
console.log(screens.members().length, 'screens told')
while ((await cafe.ask.shows()) === '');
console.log([await hall.ask.shows(), await cafe.ask.shows()])

await b.stop() // its screens leave the group by themselves
while (screens.members().length > 1) await hall.ask.shows()
console.log(screens.members().length, 'screen left')
await a.stop()

// Output:
// 2 screens told
// [ 'hall: the show begins', 'cafe: the show begins' ]
// 1 screen left

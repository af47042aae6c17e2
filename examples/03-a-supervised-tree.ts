// Supervisors own supervisors: each strategy says who restarts together with whom.
import { Actor, actor, child, oneForOne, restForOne, Supervisor, startNode } from 'troupe'

const log: string[] = []

abstract class Loud extends Actor {
  override onStart(): void {
    log.push(`+${this.constructor.name}`)
  }
  override onStop(): void {
    log.push(`-${this.constructor.name}`)
  }
  crash(): void {
    throw new Error('as asked')
  }
}

@actor('tree/connection')
class Connection extends Loud {}

@actor('tree/session')
class Session extends Loud {}

@actor('tree/clock')
class Clock extends Loud {}

class Talk extends Supervisor {
  override readonly strategy = restForOne() // a session is worth nothing without its connection
  override children() {
    return [child('connection', Connection, { name: 'connection' }), child('session', Session)]
  }
}

class Root extends Supervisor {
  override readonly strategy = oneForOne()
  override children() {
    return [child('clock', Clock), child('talk', Talk)]
  }
}

const node = await startNode({ name: 'a' })
const root = node.spawn(Root)
console.log('children:', await root.ask.countChildren())
await node
  .lookup(Connection, 'connection')
  .ask.crash()
  .catch(() => {})
await node.lookup(Connection, 'connection').ready()
await node.stop()
console.log(log.join(' '))

// Output:
// children: { specs: 2, active: 2, supervisors: 1, workers: 1 }
// +Clock +Connection +Session -Connection -Session +Connection +Session -Session -Connection -Clock

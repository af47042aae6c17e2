import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { ACCEPTED, REFUSED, SLOW } from '../../src/actor/cell.js'
import { accepts } from '../../src/actor/decorators.js'
import { NORMAL } from '../../src/actor/exit-reason.js'
import type { ReplySink } from '../../src/actor/reply-sink.js'
import { codeOf } from '../../src/base/errors.js'
import { settle } from './manual-world.js'
import { codeOfRejection, codeOfThrow, OneNode, TestGuardian } from './one-node.js'

class Box extends Actor<{ log: unknown[] } | undefined> {
  put(value: unknown): void {
    this.args?.log.push(value)
  }
  same(value: unknown): unknown {
    return value
  }
  take(value: { n: number }): { n: number } {
    value.n++
    return value
  }
  giveFunction(): unknown {
    return () => {}
  }
  hold(gate: Promise<void>): Promise<void> {
    return gate
  }
  crash(): never {
    throw new Error('boom')
  }
  @accepts()
  nothing(): void {}
  override onStop(): void {
    this.args?.log.push('stopped')
  }
}

class Sink implements ReplySink {
  settled = false
  value: unknown
  code: string | undefined
  reply(value: unknown): void {
    this.settled = true
    this.value = value
  }
  fail(error: unknown): void {
    this.settled = true
    this.code = codeOf(error) ?? String(error)
  }
  onAbandoned(): void {}
}

describe('registered names', () => {
  it('belong to one actor of the node', () => {
    const { node, system } = new OneNode()
    const ref = node.spawn(Box, undefined, { name: 'box' })
    assert.equal(
      codeOfThrow(() => node.spawn(Box, undefined, { name: 'box' })),
      'ERR_NAME_IN_USE',
    )
    assert.equal(system.named('box')?.ref, ref as never)
    assert.equal(system.size, 1)
  })

  it('are kept over restarts and free at the end', async () => {
    const { node, system } = new OneNode()
    const guardian = new TestGuardian(true)
    const cell = system.spawn(Box, undefined, { name: 'box' }, guardian)
    node.lookup(Box, 'box').tell.crash()
    await settle()
    assert.equal(cell.state, 'waiting')
    assert.equal(system.named('box'), cell)
    cell.restart()
    await cell.terminate(NORMAL, 10)
    assert.isUndefined(system.named('box'))
    node.spawn(Box, undefined, { name: 'box' })
  })
})

describe('spawn options', () => {
  const bad: [object, string][] = [
    [{ name: '' }, 'spawn.name'],
    [{ mailboxLimit: 0 }, 'spawn.mailboxLimit'],
    [{ mailboxLimit: 1.5 }, 'spawn.mailboxLimit'],
    [{ stashLimit: -1 }, 'spawn.stashLimit'],
    [{ stopTimeoutMs: Number.NaN }, 'spawn.stopTimeoutMs'],
    [{ nmae: 'x' }, 'spawn.nmae'],
  ]
  for (const [options, path] of bad) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      const { node, system } = new OneNode()
      try {
        node.spawn(Box, undefined, options)
        assert.fail('was not refused')
      } catch (error) {
        assert.equal(codeOf(error), 'ERR_BAD_OPTION', String(error))
        assert.include(String(error), path)
      }
      assert.equal(system.size, 0)
    })
  }

  it('of the system are checked too', () => {
    for (const options of [{ askTimeoutMs: 0 }, { mailboxLimit: 0 }, { asktimeout: 1 }]) {
      assert.equal(
        codeOfThrow(() => new OneNode(options)),
        'ERR_BAD_OPTION',
      )
    }
  })
})

describe('a message from outside', () => {
  it('is delivered by serial number or name, and method by index or name', async () => {
    const { node, system } = new OneNode()
    const ref = node.spawn(Box, undefined, { name: 'box' })
    const { serial } = system.cellOf(ref) as { serial: number }
    const index = ref.definition.method('same')?.index as number
    for (const to of [serial, 'box']) {
      for (const method of [index, 'same']) {
        const sink = new Sink()
        assert.equal(system.receive(to, method, [7], sink), ACCEPTED)
        await settle()
        assert.equal(sink.value, 7)
      }
    }
  })

  const names = [
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'onStart',
    'onStop',
    'spawn',
    'stop',
    'valueOf',
    '',
  ]
  const odd = [-1, 99, 0.5, Number.NaN, null, undefined, {}, [], true, '0']
  for (const method of [...names, ...odd]) {
    it(`is refused as ERR_UNKNOWN_METHOD when it calls ${JSON.stringify(method)}`, async () => {
      const { node, system, deadLetters } = new OneNode()
      const ref = node.spawn(Box)
      const sink = new Sink()
      assert.equal(system.receive(1, method as string, [], sink), REFUSED)
      assert.equal(sink.code, 'ERR_UNKNOWN_METHOD')
      assert.equal(system.receive(1, method as string, [], undefined), REFUSED)
      assert.equal(deadLetters[0]?.reason, 'ERR_UNKNOWN_METHOD')
      assert.equal(await ref.ask.same(1), 1)
      assert.equal(system.counters.refusals, 2)
    })
  }

  it('to nobody is ERR_NO_ACTOR, to one that has ended ERR_STOPPED', async () => {
    const { node, system, deadLetters } = new OneNode()
    await system.stop(node.spawn(Box))
    const cases: [number | string, string][] = [
      [1, 'ERR_STOPPED'],
      [2, 'ERR_NO_ACTOR'],
      [0, 'ERR_NO_ACTOR'],
      [-1, 'ERR_NO_ACTOR'],
      [Number.NaN, 'ERR_NO_ACTOR'],
      ['nobody', 'ERR_NO_ACTOR'],
      ['__proto__', 'ERR_NO_ACTOR'],
    ]
    for (const [to, code] of cases) {
      const sink = new Sink()
      assert.equal(system.receive(to, 'same', [], sink), REFUSED)
      assert.equal(sink.code, code, String(to))
      system.receive(to, 'same', [1], undefined)
      assert.equal(deadLetters.at(-1)?.reason, code)
      assert.equal(deadLetters.at(-1)?.method, 'same')
    }
  })

  it('says when the mailbox is getting full, and when it is', () => {
    const { node, system } = new OneNode({ mailboxLimit: 4 })
    node.spawn(Box)
    const outcomes = [1, 2, 3, 4, 5].map(() => system.receive(1, 'put', [1], undefined))
    assert.deepEqual(outcomes, [ACCEPTED, ACCEPTED, SLOW, SLOW, REFUSED])
  })
})

describe('dead letters', () => {
  it('are counted, and a listener that throws harms nobody', async () => {
    const { node, system, log } = new OneNode()
    const ref = node.spawn(Box)
    await system.stop(ref)
    system.events.on('deadLetter', () => {
      throw new Error('a bad listener')
    })
    assert.isFalse(ref.tell.put(1))
    assert.equal(system.counters.deadLetters, 1)
    assert.equal(log.at(-1)?.message, 'a listener of deadLetter threw')
  })
})

describe('copies', () => {
  const copyLocal = (values: readonly unknown[]): readonly unknown[] => structuredClone([...values])

  it('are not made of local arguments and answers by default', async () => {
    const { node } = new OneNode()
    const ref = node.spawn(Box)
    const value = { n: 1 }
    assert.equal(await ref.ask.take(value), value)
    assert.equal(value.n, 2)
  })

  it('are made with copyLocal, of arguments and answers', async () => {
    const log: unknown[] = []
    const { node } = new OneNode({ copyLocal })
    const ref = node.spawn(Box, { log })
    const value = { n: 1 }
    assert.deepEqual(await ref.ask.take(value), { n: 2 })
    assert.equal(value.n, 1)
    const kept = { kept: true }
    await ref.ask.put(kept)
    assert.deepEqual(log, [kept])
    assert.notEqual(log[0], kept)
  })

  it('that cannot be made fail at the sender, or for the asker', async () => {
    const { node, system } = new OneNode({ copyLocal })
    const ref = node.spawn(Box)
    assert.throws(() => ref.tell.put(() => {}), /could not be cloned/)
    assert.equal(await codeOfRejection(ref.ask.put(() => {})), undefined)
    assert.equal(await codeOfRejection(ref.ask.giveFunction()), undefined)
    assert.equal(system.counters.crashes, 0)
  })
})

describe('stopAll', () => {
  it('ends the youngest first, refuses new actors, kills what is left at the deadline', async () => {
    const one = new OneNode()
    const order: string[] = []
    class Named extends Actor<string> {
      override onStop(): void {
        order.push(this.args)
      }
      hang(): Promise<never> {
        return new Promise(() => {})
      }
    }
    const refs = ['a', 'b', 'c'].map((name) => one.node.spawn(Named, name))
    refs[1]?.tell.hang()
    await settle()
    const stopped = one.system.stopAll(500)
    assert.equal(
      codeOfThrow(() => one.node.spawn(Named, 'd')),
      'ERR_NODE_STOPPED',
    )
    await one.world.advance(500)
    await stopped
    assert.deepEqual(order, ['c', 'a'])
    assert.equal(one.system.size, 0)
    assert.equal(one.ended.filter(({ reason }) => reason.type === 'killed').length, 1)
  })
})

describe('bonds', () => {
  it('are told of watches and links made by actors', async () => {
    const one = new OneNode()
    class Watcher extends Actor {
      all(): void {
        const ref = this.spawn(Box, undefined, { link: true })
        this.watch(ref)
        this.unwatch(ref)
        this.link(ref)
        this.unlink(ref)
      }
    }
    await one.node.spawn(Watcher).ask.all()
    assert.deepEqual(one.bonded, [
      'link 1 Box',
      'watch 1 Box',
      'unwatch 1 Box',
      'link 1 Box',
      'unlink 1 Box',
    ])
  })
})

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { assert } from 'chai'
import fc from 'fast-check'
import { Mailbox, ReentrantMailbox } from '../../src/actor/mailbox.js'
import { Message } from '../../src/actor/message.js'
import { MethodDefinition } from '../../src/actor/method-definition.js'

const plain = new MethodDefinition('box', 'plain', 0, {})
const passing = new MethodDefinition('box', 'passing', 1, { reentrant: true })

let number = 0
const message = (method = plain): Message => new Message(method, 1, ++number, undefined)
const show = (m: Message | undefined): unknown => m?.args[0]

type Step = 'push' | 'pushPassing' | 'take' | 'takePassing' | 'putBack' | 'drain'
const steps = fc.array(
  fc.constantFrom<Step>('push', 'push', 'pushPassing', 'take', 'takePassing', 'putBack', 'drain'),
  { maxLength: 200 },
)

/** The same with arrays: messages with the order in which they came. */
function compare(mailbox: Mailbox, reentrant: boolean, script: readonly Step[]): void {
  let waiting: Message[] = []
  let taken: Message | undefined
  const took: Message[] = []
  const take = (one: Message | undefined, expected: Message | undefined): void => {
    assert.equal(show(one), show(expected))
    waiting = waiting.filter((other) => other !== expected)
    if (expected !== undefined) took.push(expected)
    taken = expected ?? taken
    mailbox.release()
    taken = undefined
  }
  for (const step of script) {
    if (step === 'push' || step === 'pushPassing') {
      const one = message(step === 'push' || !reentrant ? plain : passing)
      mailbox.push(one)
      waiting.push(one)
    } else if (step === 'take') {
      take(mailbox.take(), waiting[0])
    } else if (step === 'takePassing') {
      take(
        mailbox.takeReentrant(),
        waiting.find((m) => m.method.reentrant),
      )
    } else if (step === 'putBack') {
      const back = took.splice(0).sort((a, b) => (show(a) as number) - (show(b) as number))
      mailbox.putBack(back)
      waiting = [...back, ...waiting].sort((a, b) => (show(a) as number) - (show(b) as number))
      if (!reentrant) waiting = [...back, ...waiting.filter((m) => !back.includes(m))]
    } else {
      assert.deepEqual(mailbox.drain().map(show), waiting.map(show))
      waiting = []
    }
    assert.equal(mailbox.size, waiting.length)
    assert.equal(mailbox.reentrantSize, waiting.filter((m) => m.method.reentrant).length)
    assert.equal(mailbox.taken, taken)
  }
}

describe('a mailbox', () => {
  it('behaves like an array, whatever the order of its calls', () => {
    fc.assert(fc.property(steps, (script) => compare(new Mailbox(), false, script)))
  })

  it('keeps the order of reentrant and other messages, and lets the reentrant ones pass', () => {
    fc.assert(fc.property(steps, (script) => compare(new ReentrantMailbox(), true, script)))
  })

  it('keeps no memory of a rush once it is over', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const heap = (): number => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const mailboxes = Array.from({ length: 20 }, () => new Mailbox())
    const one = message()
    const before = heap()
    for (const mailbox of mailboxes) {
      for (let i = 0; i < 60_000; i++) mailbox.push(one)
      while (mailbox.take() !== undefined) mailbox.release()
    }
    assert.isBelow(heap() - before, 3_000_000, 'bytes; their rings had 10 MB')
    assert.isTrue(mailboxes.every((mailbox) => mailbox.size === 0))
  })

  for (const mailbox of [new Mailbox(), new ReentrantMailbox()]) {
    it(`keeps hold of the message taken while it grows (${mailbox.constructor.name})`, () => {
      const first = message(passing)
      mailbox.push(first)
      assert.isUndefined(mailbox.taken)
      mailbox.take()
      for (let i = 0; i < 100; i++) {
        mailbox.push(message(i % 2 === 0 ? plain : passing))
        assert.equal(mailbox.taken, first)
      }
      const back = [message(), message(passing)]
      mailbox.putBack(back)
      assert.equal(mailbox.taken, first)
      assert.equal(mailbox.size, 102)
      assert.equal(mailbox.drain().length, 102)
      assert.equal(mailbox.taken, first)
      mailbox.release()
      assert.isUndefined(mailbox.taken)
    })
  }
})

import { assert } from 'chai'
import { Reply, ReplyTable } from '../../src/actor/reply.js'
import type { ReplySink } from '../../src/actor/reply-sink.js'
import { codeOf } from '../../src/base/errors.js'

class Sink implements ReplySink {
  settled = false
  readonly log: unknown[] = []
  #abandoned = (_reason: unknown): void => {}
  reply(value: unknown): void {
    this.settled = true
    this.log.push(['reply', value])
  }
  fail(error: unknown): void {
    this.settled = true
    this.log.push(['fail', codeOf(error) ?? error])
  }
  onAbandoned(run: (reason: unknown) => void): void {
    this.#abandoned = run
  }
  abandon(): void {
    this.settled = true
    this.#abandoned(new Error('gone'))
  }
}

describe('a table of replies that wait on other nodes', () => {
  it('numbers a reply once, on demand, and gives it out once', () => {
    const table = new ReplyTable(10)
    const sink = new Sink()
    const reply = new Reply(sink)
    const id = table.idOf(reply)
    assert.equal(table.idOf(reply), id)
    assert.isAbove(id, 0)
    assert.equal(table.take(id), reply)
    assert.isUndefined(table.take(id))
    assert.equal(table.size, 0)
  })

  it('does not number a reply nobody waits for', () => {
    const table = new ReplyTable(10)
    assert.equal(table.idOf(new Reply(undefined)), 0)
    const answered = new Reply(new Sink())
    answered.resolve(1)
    assert.equal(table.idOf(answered), 0)
    assert.equal(table.size, 0)
  })

  it('forgets a reply when its asker gives up', () => {
    const table = new ReplyTable(10)
    const sink = new Sink()
    const id = table.idOf(new Reply(sink))
    sink.abandon()
    assert.equal(table.size, 0)
    assert.isUndefined(table.take(id))
  })

  it('fails the oldest at its limit', () => {
    const table = new ReplyTable(2)
    const sinks = [new Sink(), new Sink(), new Sink()]
    const ids = sinks.map((sink) => table.idOf(new Reply(sink)))
    assert.equal(table.size, 2)
    assert.deepEqual(sinks[0]?.log, [['fail', 'ERR_NO_ACTOR']])
    assert.isUndefined(table.take(ids[0] as number))
    assert.isDefined(table.take(ids[1] as number))
  })

  it('forgets a reply that is answered here after it was numbered', () => {
    const table = new ReplyTable(10)
    const reply = new Reply<number>(new Sink())
    table.idOf(reply)
    assert.isTrue(reply.resolve(1))
    assert.equal(table.size, 0)
  })
})

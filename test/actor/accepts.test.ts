import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import { accepts, reentrant } from '../../src/actor/decorators.js'
import type { SchemaIssue, SchemaResult, StandardSchema } from '../../src/actor/standard-schema.js'
import type { TroupeError } from '../../src/base/errors.js'
import { settle } from './manual-world.js'
import { OneNode, rejection } from './one-node.js'

function schema(
  validate: (value: unknown) => SchemaResult | Promise<SchemaResult>,
): StandardSchema {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

const issue = (message: string, path?: SchemaIssue['path']): SchemaResult => ({
  issues: [path === undefined ? { message } : { message, path }],
})

const isNumber = schema((value) => (typeof value === 'number' ? { value } : issue('not a number')))
/** Fills in a default and coerces. */
const count = schema((value) => ({ value: value === undefined ? 1 : Number(value) }))
const move = schema((value) => {
  const column = (value as { column?: unknown } | null)?.column
  if (typeof column !== 'number') return issue('not a column', ['column', { key: 0 }])
  return { value: { column } }
})
const free = schema(async (value) => {
  await Promise.resolve()
  return value === 'taken' ? issue('taken') : { value: `free ${value}` }
})
const broken = schema(() => {
  throw new Error('a bug in the schema')
})
const brokenLater = schema(async () => {
  throw new Error('a bug in the schema')
})

class Table extends Actor<string[]> {
  @accepts(isNumber)
  add(by: number): number {
    this.args.push(`add ${by}`)
    return by
  }
  @accepts(count)
  some(n?: number): number {
    return n ?? -1
  }
  @accepts(move, isNumber)
  play(to: { column: number }, player: number): string {
    return `${JSON.stringify(to)} ${player}`
  }
  @accepts(free)
  name(name: string): string {
    this.args.push(name)
    return name
  }
  @accepts(free)
  async nameLater(name: string): Promise<string> {
    await Promise.resolve()
    this.stashed = name
    return name
  }
  stashed = ''
  @accepts(free)
  @reentrant
  nameAnyTime(name: string): string {
    this.args.push(name)
    return name
  }
  @accepts(broken)
  bug(_x: unknown): void {}
  @accepts(brokenLater)
  bugLater(_x: unknown): void {}
  @accepts(free)
  defer(_name: string): unknown {
    const reply = this.deferReply<string>()
    reply.resolve('deferred')
    return reply
  }
  plain(what: string): void {
    this.args.push(what)
  }
}

function table() {
  const one = new OneNode()
  const log: string[] = []
  return { one, log, ref: one.node.spawn(Table, log) }
}

const bad = (ref: object, method: string, ...args: unknown[]): Promise<unknown> =>
  (ref as Record<string, (...args: unknown[]) => Promise<unknown>>)[method]?.(...args) ??
  Promise.reject(new Error(`no ${method}`))

describe('@accepts', () => {
  it('lets good arguments through', async () => {
    const { ref } = table()
    assert.equal(await ref.ask.add(3), 3)
    assert.equal(await ref.ask.play({ column: 2 }, 1), '{"column":2} 1')
  })

  it('passes on what the schemas made of the arguments', async () => {
    const { ref } = table()
    assert.equal(await ref.ask.some(), 1)
    assert.equal(await bad(ref.ask, 'some', '7'), 7)
    const loose = { column: 2, admin: true }
    assert.equal(await ref.ask.play(loose, 1), '{"column":2} 1', 'unknown keys are dropped')
    assert.equal(await ref.ask.name('ann'), 'free ann')
  })

  it('answers ERR_BAD_ARGUMENTS with the issues, and the actor never sees the message', async () => {
    const { one, log, ref } = table()
    const error = (await rejection(bad(ref.ask, 'add', '3'))) as TroupeError
    assert.equal(error.code, 'ERR_BAD_ARGUMENTS')
    assert.deepEqual(error.data, { issues: [{ message: 'not a number', path: [0] }] })
    const both = (await rejection(bad(ref.ask, 'play', {}, 'x'))) as TroupeError
    assert.deepEqual(both.data, {
      issues: [
        { message: 'not a column', path: [0, 'column', 0] },
        { message: 'not a number', path: [1] },
      ],
    })
    assert.deepEqual(log, [])
    assert.equal(one.system.counters.crashes, 0)
    assert.equal(one.system.counters.refusals, 2)
    assert.equal(one.log.at(-1)?.message, 'message refused')
  })

  it('turns a refused tell into a dead letter', async () => {
    const { one, ref } = table()
    ;(ref.tell as unknown as { add(x: string): void }).add('3')
    await settle()
    assert.equal(one.deadLetters[0]?.reason, 'ERR_BAD_ARGUMENTS')
    assert.deepEqual(one.deadLetters[0]?.args, ['3'])
  })

  it('refuses arguments beyond the schemas', async () => {
    const { ref } = table()
    const error = (await rejection(bad(ref.ask, 'add', 1, 2))) as TroupeError
    assert.equal(error.code, 'ERR_BAD_ARGUMENTS')
  })

  it('checks asynchronously without letting other messages pass', async () => {
    const { log, ref } = table()
    ref.tell.name('ann')
    ref.tell.plain('second')
    const refused = rejection(ref.ask.name('taken'))
    ref.tell.plain('third')
    await settle()
    assert.deepEqual(log, ['free ann', 'second', 'third'])
    assert.equal(((await refused) as TroupeError).code, 'ERR_BAD_ARGUMENTS')
    assert.equal(await ref.ask.nameLater('bob'), 'free bob')
  })

  it('lets the message be deferred after an asynchronous check', async () => {
    const { ref } = table()
    assert.equal(await ref.ask.defer('x'), 'deferred')
  })

  it('lets others pass while a reentrant method is checked', async () => {
    const { log, ref } = table()
    ref.tell.nameAnyTime('ann')
    ref.tell.plain('second')
    await settle()
    assert.deepEqual(log, ['second', 'free ann'])
  })

  it('answers ERR_BAD_ARGUMENTS when a schema itself throws', async () => {
    const { one, ref } = table()
    for (const asked of [ref.ask.bug(1), ref.ask.bugLater(1)]) {
      const error = (await rejection(asked)) as TroupeError
      assert.equal(error.code, 'ERR_BAD_ARGUMENTS')
      assert.equal((error.cause as Error).message, 'a bug in the schema')
    }
    assert.equal(one.system.counters.crashes, 0)
  })

  it('is given up when the incarnation ends during an asynchronous check', async () => {
    const { one, log, ref } = table()
    const asked = rejection(ref.ask.name('ann'))
    await ref.ready()
    await Promise.resolve()
    one.cellOf(ref).kill()
    await settle()
    assert.deepEqual(log, [])
    assert.match(((await asked) as TroupeError).code, /ERR_KILLED|ERR_STOPPED/)
  })
})

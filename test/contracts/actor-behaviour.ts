import { assert } from 'chai'
import { Definition } from '../../src/actor/definition.js'
import type { AnyRef } from '../../src/actor/ref.js'
import { codeOf, TroupeError } from '../../src/base/errors.js'
import { Refusal } from '../../src/base/refusal.js'
import { Clerk, Echo, Gate } from './behaviour-actors.js'
import type { MakeEnv } from './behaviour-env.js'
import { ends, names, values } from './behaviour-life.js'

export type { BehaviourEnv, MakeEnv } from './behaviour-env.js'

/** What users may rely on wherever an actor runs: the same tests for local and remote ones. */
export function actorBehaviour(name: string, makeEnv: MakeEnv): void {
  describe(`actor behaviour: ${name}`, () => {
    describe('messages', () => messages(makeEnv))
    describe('what cannot be called', () => refusals(makeEnv))
    describe('answers', () => answers(makeEnv))
    describe('ends', () => ends(makeEnv))
    describe('names and groups', () => names(makeEnv))
    describe('values', () => values(makeEnv))
  })
}

function messages(makeEnv: MakeEnv): void {
  it('tells and asks', async () => {
    const env = await makeEnv()
    const echo = env.spawn(Echo)
    assert.isTrue(echo.tell.note(1))
    assert.deepEqual(await env.complete(echo.ask.notes()), [1])
  })

  it('keeps the order of one sender to one actor, asks among tells', async () => {
    const env = await makeEnv()
    const echo = env.spawn(Echo)
    for (let i = 0; i < 500; i++) {
      if (i % 7 === 0) void echo.ask.note(i)
      else echo.tell.note(i)
    }
    const notes = await env.complete(echo.ask.notes())
    assert.deepEqual(
      notes,
      Array.from({ length: 500 }, (_, i) => i),
    )
  })

  it('handles one message at a time', async () => {
    const env = await makeEnv()
    const echo = env.spawn(Echo)
    const slow = echo.ask.slowly(100, 'slow')
    echo.tell.note('after')
    const notes = echo.ask.notes()
    await env.run(50)
    let early = false
    void notes.then(() => {
      early = true
    })
    await env.run(10)
    assert.isFalse(early)
    assert.equal(await env.complete(slow), 'slow')
    assert.deepEqual(await env.complete(notes), ['after'])
  })

  it('puts messages aside and takes them up again in order', async () => {
    const env = await makeEnv()
    const gate = env.spawn(Gate)
    const early = [1, 2, 3].map((n) => gate.ask.pass(n))
    gate.tell.open()
    assert.deepEqual(await env.complete(Promise.all(early)), [10, 20, 30])
    assert.deepEqual(await env.complete(gate.ask.passed()), [1, 2, 3])
  })

  it('says when a mailbox is full', async () => {
    const env = await makeEnv()
    const gate = env.spawn(Echo, undefined, { mailboxLimit: 4 })
    void gate.ask.slowly(1_000, 0).catch(() => {})
    await env.run(20)
    for (let i = 0; i < 10; i++) gate.tell.note(i)
    const failure = await env.failure(gate.ask.say(1))
    assert.equal(codeOf(failure), 'ERR_MAILBOX_FULL')
    assert.include(
      env.deadLetters().map(({ reason }) => reason),
      'ERR_MAILBOX_FULL',
    )
  })
}

function refusals(makeEnv: MakeEnv): void {
  const forbidden = [
    'crashed',
    'hiddenOne',
    'onStart',
    'onStop',
    'property',
    'secret',
    'self',
    'stop',
  ]

  it('refuses methods that are unknown, hidden, protected, or of the lifecycle', async () => {
    const env = await makeEnv()
    env.spawn(Echo, undefined, { name: 'target' })
    const forged = Definition.fromTable('behaviour/echo', forbidden.toSorted())
    const address = { node: env.there, type: forged.type, id: undefined, name: 'target' }
    const ref = env.system.refAt(address, forged)
    const ask = ref.ask as unknown as Record<string, () => Promise<unknown>>
    const tell = ref.tell as unknown as Record<string, () => boolean>
    for (const method of forbidden) {
      const failure = await env.failure(ask[method]?.() as Promise<unknown>)
      assert.equal(codeOf(failure), 'ERR_UNKNOWN_METHOD', method)
      tell[method]?.()
    }
    await env.run(50)
    const reasons = env.deadLetters().map(({ method, reason }) => `${method} ${reason}`)
    assert.sameMembers(
      reasons,
      forbidden.map((method) => `${method} ERR_UNKNOWN_METHOD`),
    )
    const echo = env.registry.lookup(Echo, 'target', { on: env.there })
    assert.equal(await env.complete(echo.ask.say('alive')), 'alive')
  })

  it('checks arguments before the actor sees them', async () => {
    const env = await makeEnv()
    const echo = env.spawn(Echo)
    const failure = (await env.failure(echo.ask.pay(-1))) as TroupeError
    assert.instanceOf(failure, TroupeError)
    assert.equal(failure.code, 'ERR_BAD_ARGUMENTS')
    const { issues } = failure.data as { issues: { path: unknown[] }[] }
    assert.deepEqual(issues[0]?.path, [0])
    assert.equal(await env.complete(echo.ask.pay(5)), 5)
  })

  it('says that an actor never was, or has ended', async () => {
    const env = await makeEnv()
    const nobody = env.registry.lookup(Echo, 'nobody', { on: env.there })
    assert.equal(codeOf(await env.failure(nobody.ask.say(1))), 'ERR_NO_ACTOR')
    const echo = env.spawn(Echo)
    await env.complete(env.system.stop(echo as unknown as AnyRef))
    assert.equal(codeOf(await env.failure(echo.ask.say(1))), 'ERR_STOPPED')
    echo.tell.note(1)
    await env.run(50)
    assert.equal(env.deadLetters().at(-1)?.reason, 'ERR_STOPPED')
  })
}

function answers(makeEnv: MakeEnv): void {
  it('answers a refusal with code and data, and the actor lives on', async () => {
    const env = await makeEnv()
    const echo = env.spawn(Echo)
    const refusal = (await env.failure(echo.ask.refuse(0))) as Refusal
    assert.instanceOf(refusal, Refusal)
    assert.deepInclude(refusal, { code: 'ROOM_FULL', message: 'no seat left' })
    assert.deepEqual(refusal.data, { seats: 0 })
    assert.equal(await env.complete(echo.ask.say(1)), 1)
  })

  it('answers a crash with the error, and the actor has ended', async () => {
    const env = await makeEnv()
    const echo = env.spawn(Echo)
    const error = (await env.failure(echo.ask.crash())) as Error & { code: string; data: unknown }
    assert.instanceOf(error, Error)
    assert.deepInclude(error, { name: 'RangeError', message: 'out of range', code: 'FAR' })
    assert.deepEqual(error.data, { by: 3 })
    assert.equal(codeOf(await env.failure(echo.ask.say(1))), 'ERR_STOPPED')
  })

  it('answers with whatever was thrown', async () => {
    const env = await makeEnv()
    assert.equal(await env.failure(env.spawn(Echo).ask.throwText()), 'a text')
  })

  it('gives up at the deadline, and counts the late answer', async () => {
    const env = await makeEnv()
    const echo = env.spawn(Echo)
    const failure = await env.failure(echo.with({ timeoutMs: 30 }).ask.slowly(200, 1))
    assert.equal(codeOf(failure), 'ERR_ASK_TIMEOUT')
    assert.equal(await env.complete(echo.ask.say('alive')), 'alive')
  })

  it('does not begin a call whose asker has given up', async () => {
    const env = await makeEnv()
    const echo = env.spawn(Echo)
    void echo.ask.slowly(200, 0)
    const failure = env.failure(echo.with({ timeoutMs: 20 }).ask.note('late'))
    assert.equal(codeOf(await failure), 'ERR_ASK_TIMEOUT')
    assert.deepEqual(await env.complete(echo.ask.notes()), [])
  })

  it('carries an abort to the method', async () => {
    const env = await makeEnv()
    const echo = env.spawn(Echo)
    const controller = new AbortController()
    const asked = echo.with({ signal: controller.signal }).ask.untilAborted()
    const failure = env.failure(asked)
    controller.abort()
    assert.equal(codeOf(await failure), 'ERR_ABORTED')
    const again = new AbortController()
    const begun = echo.with({ signal: again.signal }).ask.untilAborted()
    begun.catch(() => {})
    await env.run(20)
    again.abort()
    assert.equal(codeOf(await env.failure(begun)), 'ERR_ABORTED')
    await env.run(50)
    assert.equal(await env.complete(echo.ask.aborted()), 'ERR_ABORTED')
  })

  it('rejects at once for a signal that was aborted before', async () => {
    const env = await makeEnv()
    const echo = env.spawn(Echo)
    const signal = AbortSignal.abort()
    assert.equal(codeOf(await env.failure(echo.with({ signal }).ask.note(1))), 'ERR_ABORTED')
    assert.deepEqual(await env.complete(echo.ask.notes()), [])
  })

  it('takes answers that come later', async () => {
    const env = await makeEnv()
    const clerk = env.spawn(Clerk)
    const asked = Promise.all([clerk.ask.later(), clerk.ask.later()])
    await env.run(20)
    assert.equal(await env.complete(clerk.ask.answer('done')), 2)
    assert.deepEqual(await env.complete(asked), ['done', 'done'])
    const refused = env.failure(clerk.ask.later())
    clerk.tell.refuse('NO')
    assert.equal(codeOf(await refused), 'NO')
  })

  it('lets another actor answer, here or there', async () => {
    const env = await makeEnv()
    const clerk = env.spawn(Clerk)
    for (const other of [env.spawn(Clerk), env.spawnHere(Clerk)]) {
      assert.equal(await env.complete(clerk.ask.through(other)), 'from the other')
    }
  })

  it('brings a reply home as itself', async () => {
    const env = await makeEnv()
    const clerk = env.spawn(Clerk)
    assert.equal(await env.complete(clerk.ask.home(env.spawnHere(Clerk))), 'the same')
  })

  it('fails a call whose answer cannot be serialised, and the actor lives on', async () => {
    const env = await makeEnv()
    const echo = env.spawn(Echo)
    assert.equal(codeOf(await env.failure(echo.ask.function())), 'ERR_NOT_SERIALIZABLE')
    assert.equal(await env.complete(echo.ask.say(1)), 1)
  })
}

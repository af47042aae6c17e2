import { assert } from 'chai'
import type { Actor, ArgsOf } from '../../src/actor/actor.js'
import type { ActorSystem } from '../../src/actor/actor-system.js'
import type { DeadLetter } from '../../src/actor/dead-letter.js'
import { Definition } from '../../src/actor/definition.js'
import type { ActorRef, AnyRef } from '../../src/actor/ref.js'
import type { SpawnOptions } from '../../src/actor/spawn-options.js'
import { codeOf, TroupeError } from '../../src/base/errors.js'
import { Refusal } from '../../src/base/refusal.js'
import type { GroupService } from '../../src/remote/group-service.js'
import type { Registry } from '../../src/remote/registry.js'
import { Clerk, Echo, Gate, Observer, Stopper, Unborn } from './behaviour-actors.js'

/** Where the actor under test lives is the environment's affair; the test only has refs. */
export interface BehaviourEnv {
  /** The node of the caller. */
  readonly system: ActorSystem
  readonly groups: GroupService
  readonly registry: Registry
  /** The node of the actor under test. */
  readonly there: string
  /** Starts an actor; the ref is the caller's. */
  spawn<A extends Actor<unknown>>(
    actorClass: new () => A,
    args?: ArgsOf<A>,
    options?: SpawnOptions,
  ): ActorRef<A>
  /** Starts an actor on the caller's node. */
  spawnHere<A extends Actor<unknown>>(actorClass: new () => A, args?: ArgsOf<A>): ActorRef<A>
  run(ms: number): Promise<void>
  complete<T>(promise: Promise<T>): Promise<T>
  failure(promise: Promise<unknown>): Promise<unknown>
  /** Of all nodes. */
  deadLetters(): readonly DeadLetter[]
}

/** What users may rely on wherever an actor runs: the same tests for local and remote ones. */
export function actorBehaviour(name: string, makeEnv: () => BehaviourEnv): void {
  describe(`actor behaviour: ${name}`, () => {
    describe('messages', () => messages(makeEnv))
    describe('what cannot be called', () => refusals(makeEnv))
    describe('answers', () => answers(makeEnv))
    describe('ends', () => ends(makeEnv))
    describe('names and groups', () => names(makeEnv))
    describe('values', () => values(makeEnv))
  })
}

function messages(makeEnv: () => BehaviourEnv): void {
  it('tells and asks', async () => {
    const env = makeEnv()
    const echo = env.spawn(Echo)
    assert.isTrue(echo.tell.note(1))
    assert.deepEqual(await env.complete(echo.ask.notes()), [1])
  })

  it('keeps the order of one sender to one actor, asks among tells', async () => {
    const env = makeEnv()
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
    const env = makeEnv()
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
    const env = makeEnv()
    const gate = env.spawn(Gate)
    const early = [1, 2, 3].map((n) => gate.ask.pass(n))
    gate.tell.open()
    assert.deepEqual(await env.complete(Promise.all(early)), [10, 20, 30])
    assert.deepEqual(await env.complete(gate.ask.passed()), [1, 2, 3])
  })

  it('says when a mailbox is full', async () => {
    const env = makeEnv()
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

function refusals(makeEnv: () => BehaviourEnv): void {
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
    const env = makeEnv()
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
    const env = makeEnv()
    const echo = env.spawn(Echo)
    const failure = (await env.failure(echo.ask.pay(-1))) as TroupeError
    assert.instanceOf(failure, TroupeError)
    assert.equal(failure.code, 'ERR_BAD_ARGUMENTS')
    const { issues } = failure.data as { issues: { path: unknown[] }[] }
    assert.deepEqual(issues[0]?.path, [0])
    assert.equal(await env.complete(echo.ask.pay(5)), 5)
  })

  it('says that an actor never was, or has ended', async () => {
    const env = makeEnv()
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

function answers(makeEnv: () => BehaviourEnv): void {
  it('answers a refusal with code and data, and the actor lives on', async () => {
    const env = makeEnv()
    const echo = env.spawn(Echo)
    const refusal = (await env.failure(echo.ask.refuse(0))) as Refusal
    assert.instanceOf(refusal, Refusal)
    assert.deepInclude(refusal, { code: 'ROOM_FULL', message: 'no seat left' })
    assert.deepEqual(refusal.data, { seats: 0 })
    assert.equal(await env.complete(echo.ask.say(1)), 1)
  })

  it('answers a crash with the error, and the actor has ended', async () => {
    const env = makeEnv()
    const echo = env.spawn(Echo)
    const error = (await env.failure(echo.ask.crash())) as Error & { code: string; data: unknown }
    assert.instanceOf(error, Error)
    assert.deepInclude(error, { name: 'RangeError', message: 'out of range', code: 'FAR' })
    assert.deepEqual(error.data, { by: 3 })
    assert.equal(codeOf(await env.failure(echo.ask.say(1))), 'ERR_STOPPED')
  })

  it('answers with whatever was thrown', async () => {
    const env = makeEnv()
    assert.equal(await env.failure(env.spawn(Echo).ask.throwText()), 'a text')
  })

  it('gives up at the deadline, and counts the late answer', async () => {
    const env = makeEnv()
    const echo = env.spawn(Echo)
    const failure = await env.failure(echo.with({ timeoutMs: 30 }).ask.slowly(200, 1))
    assert.equal(codeOf(failure), 'ERR_ASK_TIMEOUT')
    assert.equal(await env.complete(echo.ask.say('alive')), 'alive')
  })

  it('does not begin a call whose asker has given up', async () => {
    const env = makeEnv()
    const echo = env.spawn(Echo)
    void echo.ask.slowly(200, 0)
    const failure = env.failure(echo.with({ timeoutMs: 20 }).ask.note('late'))
    assert.equal(codeOf(await failure), 'ERR_ASK_TIMEOUT')
    assert.deepEqual(await env.complete(echo.ask.notes()), [])
  })

  it('carries an abort to the method', async () => {
    const env = makeEnv()
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
    const env = makeEnv()
    const echo = env.spawn(Echo)
    const signal = AbortSignal.abort()
    assert.equal(codeOf(await env.failure(echo.with({ signal }).ask.note(1))), 'ERR_ABORTED')
    assert.deepEqual(await env.complete(echo.ask.notes()), [])
  })

  it('takes answers that come later', async () => {
    const env = makeEnv()
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
    const env = makeEnv()
    const clerk = env.spawn(Clerk)
    for (const other of [env.spawn(Clerk), env.spawnHere(Clerk)]) {
      assert.equal(await env.complete(clerk.ask.through(other)), 'from the other')
    }
  })

  it('brings a reply home as itself', async () => {
    const env = makeEnv()
    const clerk = env.spawn(Clerk)
    assert.equal(await env.complete(clerk.ask.home(env.spawnHere(Clerk))), 'the same')
  })

  it('fails a call whose answer cannot be serialised, and the actor lives on', async () => {
    const env = makeEnv()
    const echo = env.spawn(Echo)
    assert.equal(codeOf(await env.failure(echo.ask.function())), 'ERR_NOT_SERIALIZABLE')
    assert.equal(await env.complete(echo.ask.say(1)), 1)
  })
}

function ends(makeEnv: () => BehaviourEnv): void {
  const stories: [string, (env: BehaviourEnv, echo: ActorRef<Echo>) => void, string][] = [
    ['is stopped', (env, echo) => void env.system.stop(echo as unknown as AnyRef), 'normal'],
    [
      'is shut down',
      (env, echo) => void env.system.stop(echo as unknown as AnyRef, { type: 'shutdown' }),
      'shutdown',
    ],
    [
      'is killed',
      (env, echo) => void env.system.stop(echo as unknown as AnyRef, undefined, 0),
      'killed',
    ],
    ['crashes', (_, echo) => void echo.tell.crash(), 'error: out of range'],
  ]
  for (const [what, end, reason] of stories) {
    it(`tells a watcher once when the actor ${what}`, async () => {
      const env = makeEnv()
      const echo = env.spawn(Echo)
      const observer = env.spawnHere(Observer)
      for (let i = 0; i < 3; i++) observer.tell.follow(echo as unknown as AnyRef)
      await env.run(50)
      end(env, echo)
      await env.run(50)
      assert.deepEqual(await env.complete(observer.ask.heard()), [`behaviour/echo #1 ${reason}`])
    })
  }

  it('tells who watches an actor that has ended, or never was', async () => {
    const env = makeEnv()
    const echo = env.spawn(Echo)
    await env.complete(env.system.stop(echo as unknown as AnyRef))
    const observer = env.spawnHere(Observer)
    observer.tell.follow(echo as unknown as AnyRef)
    const nobody = env.registry.lookup(Echo, 'nobody', { on: env.there })
    observer.tell.follow(nobody as unknown as AnyRef)
    await env.run(50)
    const heard = ['behaviour/echo #0 noActor', 'behaviour/echo #0 noActor']
    assert.deepEqual(await env.complete(observer.ask.heard()), heard)
  })

  it('tells nothing after unwatch', async () => {
    const env = makeEnv()
    const echo = env.spawn(Echo)
    const observer = env.spawnHere(Observer)
    observer.tell.follow(echo as unknown as AnyRef)
    observer.tell.unfollow(echo as unknown as AnyRef)
    await env.run(50)
    echo.tell.crash()
    await env.run(50)
    assert.deepEqual(await env.complete(observer.ask.heard()), [])
  })

  it('watches a named ref', async () => {
    const env = makeEnv()
    env.spawn(Echo, undefined, { name: 'score' })
    const score = env.registry.lookup(Echo, 'score', { on: env.there })
    const observer = env.spawnHere(Observer)
    observer.tell.follow(score as unknown as AnyRef)
    await env.run(50)
    score.tell.crash()
    await env.run(50)
    assert.deepEqual(await env.complete(observer.ask.heard()), [
      'behaviour/echo #1 error: out of range',
    ])
  })

  it('ends a linked actor, or tells it when it traps exits', async () => {
    for (const trap of [true, false]) {
      const env = makeEnv()
      const echo = env.spawn(Echo)
      const observer = env.spawnHere(Observer, { trap })
      observer.tell.tie(echo as unknown as AnyRef)
      await env.run(50)
      echo.tell.crash()
      await env.run(50)
      if (trap) {
        assert.deepEqual(await env.complete(observer.ask.heard()), ['exit behaviour/echo error'])
      } else assert.equal(codeOf(await env.failure(observer.ask.heard())), 'ERR_STOPPED')
    }
  })

  it('carries a link both ways, and not after unlink', async () => {
    const env = makeEnv()
    const [tied, untied] = [env.spawn(Echo), env.spawn(Echo)]
    const observer = env.spawnHere(Observer)
    for (const echo of [tied, untied]) observer.tell.tie(echo as unknown as AnyRef)
    observer.tell.untie(untied as unknown as AnyRef)
    await env.run(50)
    void env.system.stop(observer as unknown as AnyRef, { type: 'error', error: new Error('x') })
    await env.run(50)
    assert.equal(codeOf(await env.failure(tied.ask.say(1))), 'ERR_STOPPED')
    assert.equal(await env.complete(untied.ask.say(1)), 1)
  })

  it('resolves stop when onStop has run', async () => {
    const env = makeEnv()
    const told = env.spawnHere(Echo)
    const stopper = env.spawn(Stopper, { told })
    assert.equal(await env.complete(stopper.ask.hello()), 'hello')
    await env.complete(env.system.stop(stopper as unknown as AnyRef))
    await env.run(20)
    assert.deepEqual(await env.complete(told.ask.notes()), ['stopped'])
    await env.complete(env.system.stop(stopper as unknown as AnyRef))
  })

  it('fails asks to an actor that does not start', async () => {
    const env = makeEnv()
    const failure = await env.failure(env.spawn(Unborn).ask.hello())
    assert.include(['ERR_START_FAILED', 'ERR_STOPPED'], codeOf(failure))
  })
}

function names(makeEnv: () => BehaviourEnv): void {
  it('finds an actor by its registered name until it has ended', async () => {
    const env = makeEnv()
    const echo = env.spawn(Echo, undefined, { name: 'score' })
    const on = env.there
    const found = await env.complete(env.registry.whereis('score', { on }))
    assert.isTrue(found?.equals(echo as unknown as AnyRef))
    const resolved = await env.complete(env.registry.resolve<Echo>('score', { on }))
    assert.equal(await env.complete(resolved.ask.say('by name')), 'by name')
    await env.complete(env.system.stop(echo as unknown as AnyRef))
    assert.isUndefined(await env.complete(env.registry.whereis('score', { on })))
    const failure = await env.failure(env.registry.resolve('score', { on }))
    assert.equal(codeOf(failure), 'ERR_NO_ACTOR')
  })

  it('reaches all members of a group, and an actor that ended leaves it', async () => {
    const env = makeEnv()
    const members = [env.spawn(Echo), env.spawn(Echo), env.spawnHere(Echo)]
    const group = env.groups.group(Echo, 'room')
    for (const member of members) await env.complete(group.join(member))
    await env.run(50)
    assert.equal(group.members().length, 3)
    assert.isTrue(group.tell.note('to all'))
    for (const member of members) {
      assert.deepEqual(await env.complete(member.ask.notes()), ['to all'])
    }
    members[0]?.tell.crash()
    await env.complete(group.leave(members[1] as ActorRef<Echo>))
    await env.run(50)
    assert.isTrue(group.members()[0]?.equals(members[2] as unknown as AnyRef))
    assert.equal(group.members().length, 1)
  })

  it('says who came to a group and who left', async () => {
    const env = makeEnv()
    const seen: string[] = []
    env.groups.events.on('groupChanged', ({ group, joined, left }) =>
      seen.push(`${group} +${joined.length} -${left.length}`),
    )
    const echo = env.spawn(Echo)
    await env.complete(env.groups.join('room', echo as unknown as AnyRef))
    await env.run(50)
    await env.complete(env.system.stop(echo as unknown as AnyRef))
    await env.run(50)
    assert.deepEqual(seen, ['room +1 -0', 'room +0 -1'])
  })

  it('refuses to let an actor that is not there join', async () => {
    const env = makeEnv()
    const nobody = env.registry.lookup(Echo, 'nobody', { on: env.there }) as unknown as AnyRef
    assert.equal(codeOf(await env.failure(env.groups.join('room', nobody))), 'ERR_NO_ACTOR')
    assert.equal(codeOf(await env.failure(env.groups.join('', nobody))), 'ERR_BAD_OPTION')
  })
}

function values(makeEnv: () => BehaviourEnv): void {
  const samples: [string, unknown][] = [
    ['undefined', undefined],
    ['null', null],
    ['numbers', [0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 40)]],
    ['bigints', [5n, -(2n ** 70n)]],
    ['a date', new Date(1_700_000_000_123)],
    ['a map and a set', { map: new Map([[{ a: 1 }, new Set([1, 'x'])]]), set: new Set() }],
    ['bytes', [Uint8Array.of(1, 2, 3), Float64Array.of(1.5, -2)]],
    ['large bytes', new Uint8Array(200_000).fill(7)],
    ['an error', new RangeError('far', { cause: new Error('near') })],
    ['texts', ['', 'ä€😀', 'x'.repeat(100_000)]],
  ]
  for (const [what, value] of samples) {
    it(`carries ${what}`, async () => {
      const env = makeEnv()
      const got = await env.complete(env.spawn(Echo).ask.say(value))
      if (value instanceof Error) {
        assert.instanceOf(got, RangeError)
        assert.equal(((got as Error).cause as Error).message, 'near')
      } else assert.deepEqual(got, value)
    })
  }

  it('hands over copies', async () => {
    const env = makeEnv()
    const sent = { n: 1 }
    const got = await env.complete(env.spawn(Echo).ask.say(sent))
    assert.notStrictEqual(got, sent)
  })

  it('carries refs that can be called, and brings one home as itself', async () => {
    const env = makeEnv()
    const [echo, other, mine] = [env.spawn(Echo), env.spawn(Echo), env.spawnHere(Echo)]
    const back = (await env.complete(echo.ask.say([other, mine]))) as ActorRef<Echo>[]
    assert.isTrue(back[0]?.equals(other as unknown as AnyRef))
    assert.strictEqual(env.system.cellOf(back[1] as unknown as AnyRef)?.ref, mine as unknown)
    assert.equal(await env.complete((back[0] as ActorRef<Echo>).ask.say('hi')), 'hi')
  })

  it('refuses arguments that cannot be serialised, at the sender', async () => {
    const env = makeEnv()
    const echo = env.spawn(Echo)
    const bad = { callback: () => {} }
    assert.throws(() => echo.tell.note(bad), /callback.*ERR_NOT_SERIALIZABLE/)
    assert.equal(codeOf(await env.failure(echo.ask.note(bad))), 'ERR_NOT_SERIALIZABLE')
    assert.deepEqual(await env.complete(echo.ask.notes()), [])
  })
}

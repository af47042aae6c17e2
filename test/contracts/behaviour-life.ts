import { assert } from 'chai'
import type { ActorRef, AnyRef } from '../../src/actor/ref.js'
import { codeOf } from '../../src/base/errors.js'
import { Echo, Observer, Stopper, Unborn } from './behaviour-actors.js'
import type { BehaviourEnv, MakeEnv } from './behaviour-env.js'

/** How actors end, and who hears of it. */
export function ends(makeEnv: MakeEnv): void {
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
      const env = await makeEnv()
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
    const env = await makeEnv()
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
    const env = await makeEnv()
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
    const env = await makeEnv()
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
      const env = await makeEnv()
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
    const env = await makeEnv()
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
    const env = await makeEnv()
    const told = env.spawnHere(Echo)
    const stopper = env.spawn(Stopper, { told })
    assert.equal(await env.complete(stopper.ask.hello()), 'hello')
    await env.complete(env.system.stop(stopper as unknown as AnyRef))
    await env.run(20)
    assert.deepEqual(await env.complete(told.ask.notes()), ['stopped'])
    await env.complete(env.system.stop(stopper as unknown as AnyRef))
  })

  it('fails asks to an actor that does not start', async () => {
    const env = await makeEnv()
    const failure = await env.failure(env.spawn(Unborn).ask.hello())
    assert.include(['ERR_START_FAILED', 'ERR_STOPPED'], codeOf(failure))
  })
}

/** Finding actors. */
export function names(makeEnv: MakeEnv): void {
  it('finds an actor by its registered name until it has ended', async () => {
    const env = await makeEnv()
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
    const env = await makeEnv()
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
    const env = await makeEnv()
    const seen: string[] = []
    env.onGroupChanged(({ group, joined, left }) => {
      seen.push(`${group} +${joined.length} -${left.length}`)
    })
    const echo = env.spawn(Echo)
    await env.complete(env.groups.group(Echo, 'room').join(echo))
    await env.run(50)
    await env.complete(env.system.stop(echo as unknown as AnyRef))
    await env.run(50)
    assert.deepEqual(seen, ['room +1 -0', 'room +0 -1'])
  })

  it('refuses to let an actor that is not there join', async () => {
    const env = await makeEnv()
    const nobody = env.registry.lookup(Echo, 'nobody', { on: env.there })
    const room = env.groups.group(Echo, 'room')
    assert.equal(codeOf(await env.failure(room.join(nobody))), 'ERR_NO_ACTOR')
    assert.throws(() => env.groups.group(Echo, ''), /ERR_BAD_OPTION/)
  })
}

/** What arguments and results may be. */
export function values(makeEnv: MakeEnv): void {
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
      const env = await makeEnv()
      const got = await env.complete(env.spawn(Echo).ask.say(value))
      if (value instanceof Error) {
        assert.instanceOf(got, RangeError)
        assert.equal(((got as Error).cause as Error).message, 'near')
      } else assert.deepEqual(got, value)
    })
  }

  it('hands over copies', async () => {
    const env = await makeEnv()
    const sent = { n: 1 }
    const got = await env.complete(env.spawn(Echo).ask.say(sent))
    assert.notStrictEqual(got, sent)
  })

  it('carries refs that can be called, and brings one home as itself', async () => {
    const env = await makeEnv()
    const [echo, other, mine] = [env.spawn(Echo), env.spawn(Echo), env.spawnHere(Echo)]
    const back = (await env.complete(echo.ask.say([other, mine]))) as ActorRef<Echo>[]
    assert.isTrue(back[0]?.equals(other as unknown as AnyRef))
    assert.strictEqual(env.system.cellOf(back[1] as unknown as AnyRef)?.ref, mine as unknown)
    assert.equal(await env.complete((back[0] as ActorRef<Echo>).ask.say('hi')), 'hi')
  })

  it('refuses arguments that cannot be serialised, at the sender', async () => {
    const env = await makeEnv()
    const echo = env.spawn(Echo)
    const bad = { callback: () => {} }
    assert.throws(() => echo.tell.note(bad), /callback.*ERR_NOT_SERIALIZABLE/)
    assert.equal(codeOf(await env.failure(echo.ask.note(bad))), 'ERR_NOT_SERIALIZABLE')
    assert.deepEqual(await env.complete(echo.ask.notes()), [])
  })
}

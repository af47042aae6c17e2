import { assert } from 'chai'
import { Actor } from '../../src/actor/actor.js'
import type { Down } from '../../src/actor/bonds.js'
import type { AnyRef } from '../../src/actor/ref.js'
import { child } from '../../src/supervision/child-spec.js'
import { oneForAll, oneForOne } from '../../src/supervision/strategies.js'
import { rejects, Scene } from './otp-case.js'
import { Sup } from './probe.js'
import { SupervisedNode } from './supervised-node.js'

/** Keeps what it heard outside of itself, so that its incarnations can be told apart. */
class Diary extends Actor<string[]> {
  override onStart(): void {
    this.args.push('start')
    this.every(100, () => this.args.push('tick'))
  }
  override onDown(down: Down): void {
    this.args.push(`down ${down.reason.type}`)
  }
  note(word: string): string {
    this.args.push(word)
    return word
  }
  put(): void {
    this.stash()
  }
  look(at: AnyRef): void {
    this.watch(at)
  }
  tie(to: AnyRef): void {
    this.link(to)
  }
  crash(): void {
    throw new Error('crash')
  }
  async slow(until: Promise<void>): Promise<string> {
    await until
    this.args.push('late')
    try {
      this.after(1, () => {})
    } catch (error) {
      this.args.push((error as { code: string }).code)
    }
    return 'never heard'
  }
}

class Watcher extends Actor<AnyRef> {
  readonly downs: string[] = []
  override onStart(): void {
    this.watch(this.args)
  }
  override onDown({ incarnation, reason, willRestart }: Down): void {
    this.downs.push(`${incarnation} ${reason.type} ${willRestart}`)
  }
  seen(): string[] {
    return this.downs
  }
}

describe('promises of restart', () => {
  const open = async (strategy = oneForOne({ maxRestarts: 9 }), siblings = 0) => {
    const node = new SupervisedNode()
    const pages: string[][] = Array.from({ length: siblings + 1 }, () => [])
    const children = pages.map((page, i) => child(`d${i}`, Diary, { args: page, shutdownMs: 50 }))
    const sup = await node.up(Sup, { strategy, children })
    const refs = (await sup.ask.whichChildren()).map(({ ref }) =>
      node.system.node.ref(Diary, String(ref)),
    )
    const [first] = refs
    if (!first) throw new Error('no child')
    return { node, sup, pages, page: pages[0] ?? [], diary: first, refs }
  }

  it('on its node a ref outlives restarts: a new incarnation starts behind it', async () => {
    const { node, diary } = await open()
    await diary.ask.crash().catch(() => {})
    assert.equal(await diary.ask.note('hello'), 'hello')
    assert.equal(node.incarnation(diary), 2)
  })

  it('the crashed child keeps its mailbox, less the message that crashed it', async () => {
    const { page, diary, node } = await open()
    diary.tell.note('before')
    diary.tell.crash()
    diary.tell.note('one')
    const asked = diary.ask.note('two')
    assert.equal(await asked, 'two')
    await node.settle()
    assert.deepEqual(page, ['start', 'before', 'start', 'one', 'two'])
  })

  it('siblings that are restarted along do not: tells become dead letters, asks fail with ERR_RESTARTED', async () => {
    const { node, refs, pages } = await open(oneForAll(), 1)
    const [a, b] = refs
    const letters: string[] = []
    node.system.events.on('deadLetter', ({ method, args, reason }) => {
      letters.push(`${method} ${args} ${reason}`)
    })
    const busy = b?.ask.slow(new Promise(() => {}))
    b?.tell.note('told')
    const asked = b?.ask.note('asked')
    a?.tell.crash()
    const outcomes = Promise.allSettled([busy, asked])
    await node.advance(50)
    const codes = (await outcomes).map((one) => one.status === 'rejected' && one.reason.code)
    assert.deepEqual(codes, ['ERR_RESTARTED', 'ERR_RESTARTED'])
    assert.deepEqual(letters, ['note told ERR_RESTARTED'])
    assert.equal(await b?.ask.note('after'), 'after')
    assert.deepEqual(pages[1], ['start', 'start', 'after'])
  })

  it('stash, timers, links and watches held by the old incarnation end with it', async () => {
    const { node, diary, page } = await open()
    const other = node.spawn(Diary, [])
    const friend = node.spawn(Diary, [])
    diary.tell.look(other)
    diary.tell.tie(friend)
    diary.tell.put()
    await node.settle()
    diary.tell.crash()
    await node.settle()
    assert.isFalse(node.alive(friend), 'the link was there')
    assert.deepEqual(node.supervision.counts, { watches: 0, links: 0 })
    await node.end(other, { type: 'normal' })
    await node.advance(100)
    assert.deepEqual(page, ['start', 'start', 'tick'], 'one timer, no down, no stashed message')
  })

  it('watches on the ref stay, and Down carries incarnation, reason and whether a restart follows', async () => {
    const { node, sup, diary } = await open(oneForOne({ maxRestarts: 2 }))
    const watcher = node.spawn(Watcher, diary)
    for (let i = 0; i < 2; i++) await diary.ask.crash().catch(() => {})
    await sup.ask.terminateChild(diary)
    assert.deepEqual(await watcher.ask.seen(), ['1 error true', '2 error true', '3 shutdown false'])
    assert.equal(node.supervision.counts.watches, 0)
  })

  it('a restart that was promised and is called off is told once more', async () => {
    const scene = new Scene()
    let broken = false
    const start = (): void => {
      if (broken) throw new Error('for good')
    }
    await scene.up(oneForOne({ maxRestarts: 2 }), [scene.probes.child('a', {}, { start })])
    const watcher = scene.node.spawn(Watcher, scene.probe('a'))
    await scene.node.settle()
    broken = true
    scene.probe('a').tell.crash()
    await scene.node.settle()
    const seen = await watcher.ask.seen()
    assert.deepEqual(seen, ['1 error true', '2 error true', '3 error true', '3 shutdown false'])
  })

  it('deadlines abandon what cannot be killed: the old incarnation is fenced', async () => {
    const { node, refs, pages } = await open(oneForAll(), 1)
    let release = (): void => {}
    const asked = refs[1]?.ask
      .slow(new Promise((resolve) => (release = resolve)))
      .catch(() => 'failed')
    await node.settle()
    refs[0]?.tell.crash()
    await node.advance(50)
    assert.equal(await asked, 'failed')
    release()
    await node.settle()
    assert.deepEqual(pages[1], ['start', 'start', 'late', 'ERR_STOPPED'])
  })

  it('a root that gives up emits rootFailed, once', async () => {
    const { node, diary, sup } = await open(oneForOne({ maxRestarts: 0 }))
    diary.tell.crash()
    await node.settle()
    assert.lengthOf(node.rootsFailed, 1)
    assert.isTrue(node.rootsFailed[0]?.ref.equals(sup))
    assert.include(node.log.lines, 'error a root supervisor failed')
  })

  it('a root that is stopped in order emits nothing', async () => {
    const { node, sup } = await open()
    await node.end(sup, { type: 'shutdown' })
    assert.isEmpty(node.rootsFailed)
  })

  it('every restart and every time a supervisor gives up is logged with its reason', async () => {
    const { node, diary } = await open(oneForOne({ maxRestarts: 1 }))
    for (let i = 0; i < 2; i++) {
      diary.tell.crash()
      await node.settle()
    }
    assert.includeMembers(node.log.lines, [
      'warn restarting child d0',
      'error too many restarts: supervisor gives up d0',
    ])
    const entry = node.log.entries.find(({ message }) => message === 'restarting child')
    assert.deepInclude(entry, { child: 'd0', reason: 'error: crash' })
  })

  it('child() is a handle that follows a child that was terminated and started again', async () => {
    const { node, sup, diary } = await open()
    const handle = await sup.ask.child('d0')
    assert.isTrue(handle.equals(diary))
    await sup.ask.terminateChild('d0')
    assert.isFalse(handle.equals(diary))
    const typed = handle as unknown as typeof diary
    await rejects(typed.ask.note('x'), 'ERR_NO_CHILD', "child 'd0' of")
    assert.isFalse(typed.tell.note('x'))
    const again = await sup.ask.restartChild('d0')
    assert.isTrue(handle.equals(again))
    assert.equal(await typed.ask.note('y'), 'y')
    assert.equal(String(handle), String(again))
    await rejects(sup.ask.child('nobody'), 'ERR_NO_CHILD')
    assert.isTrue(node.alive(sup))
  })

  it('a supervisor that overrides onStart and onStop around super works', async () => {
    const seen: string[] = []
    class Loud extends Sup {
      override async onStart(): Promise<void> {
        await super.onStart()
        seen.push(`started ${this.countChildren().active}`)
      }
      override async onStop(): Promise<void> {
        await super.onStop({ type: 'shutdown' })
        seen.push(`stopped ${this.countChildren().active}`)
      }
    }
    const node = new SupervisedNode()
    const children = [child('d', Diary, { args: [] })]
    const sup = await node.up(Loud, { strategy: oneForOne(), children })
    await node.end(sup, { type: 'shutdown' })
    assert.deepEqual(seen, ['started 1', 'stopped 0'])
  })
})

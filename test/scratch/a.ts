import { Actor, Supervisor, KILLED, NORMAL, child, oneForAll, oneForOne, restForOne, dynamic, template, type Down, Refusal, reentrant, accepts } from '../../src/index.js'
import { SupervisedNode } from '../supervision/supervised-node.js'
const unhandled: unknown[] = []
process.on('unhandledRejection', (e) => unhandled.push('UNHANDLED ' + String(e)))
process.on('uncaughtException', (e) => unhandled.push('UNCAUGHT ' + String(e)))
const t = async (name: string, run: (n: SupervisedNode) => Promise<unknown>) => {
  const n = new SupervisedNode()
  unhandled.length = 0
  let r: unknown
  try { r = await Promise.race([run(n), new Promise((_, rej) => setTimeout(() => rej(new Error('HANGS')), 3000))]) } catch (e) { r = 'threw ' + String(e) }
  await new Promise((r) => setTimeout(r, 20))
  console.log('##', name, '->', r, unhandled.length ? unhandled : '')
}
class Probe extends Actor<any> {
  crash() { throw new Error('boom') }
  quit() { this.stop() }
  ping() { return 'pong' }
}
for (const [sn, strat] of [['all', oneForAll], ['rest', restForOne], ['one', oneForOne]] as const)
 for (const order of [[0, 1], [1, 0], [0,1,2],[2,1,0]])
  await t(`${sn} crash ${order} same pass`, async (n) => {
    class S extends Supervisor { strategy = strat({ maxRestarts: 3 }); override children() { return [0, 1, 2].map((i) => child('c' + i, Probe)) } }
    const s = await n.up(S)
    const refs = (await s.ask.whichChildren()).map((c) => c.ref!)
    for (const i of order) (refs[i] as any).tell.crash()
    await n.advance(100)
    return [n.alive(s), n.alive(s) && (await s.ask.whichChildren()).map((c) => c.status).join(), n.log.lines.filter((l) => /restarting|did not|gives/.test(l)).join('|')]
  })
for (const restart of ['permanent', 'transient', 'temporary'] as const)
  await t(`all: 0 crash, 1 quits (${restart}) same pass`, async (n) => {
    class S extends Supervisor { strategy = oneForAll({ maxRestarts: 3 }); override children() { return [0, 1].map((i) => child('c' + i, Probe, {restart: i?restart:'permanent'})) } }
    const s = await n.up(S)
    const refs = (await s.ask.whichChildren()).map((c) => c.ref!)
    ;(refs[0] as any).tell.crash(); (refs[1] as any).tell.quit()
    await n.advance(100)
    return [n.alive(s), n.alive(s) && (await s.ask.whichChildren()).map((c) => c.status).join(), n.log.lines.filter((l) => /restarting|did not|gives/.test(l)).join('|')]
  })
await t('kill self in async onStart', async (n) => {
  class A extends Actor { override async onStart() { void this.stop(this.self, KILLED, 0); this.every(1, () => {}) } }
  await n.up(A)
})
await t('kill self in async onDown', async (n) => {
  class B extends Actor { }
  class A extends Actor { override onStart() { this.watch(this.spawn(B)) ; this.watch(this.spawn(C))}
   override async onDown() { void this.stop(this.self, KILLED, 0); this.every(1, () => {}) } }
  class C extends Actor { override onStart() { this.stop() } }
  await n.up(A)
})
await t('kill self in async onStop', async (n) => {
  class A extends Actor { bye() { this.stop() } override async onStop() { void this.stop(this.self, KILLED, 0); this.every(1, () => {}) } }
  const a = await n.up(A); a.tell.bye(); await n.settle()
})
await t('kill self in async method', async (n) => {
  class A extends Actor { async bye() { void this.stop(this.self, KILLED, 0); this.every(1, () => {}) } }
  const a = await n.up(A); a.tell.bye(); await n.settle()
})
await t('kill self in async timer', async (n) => {
  class A extends Actor { override onStart() { this.after(1, async () => { void this.stop(this.self, KILLED, 0); this.every(1, () => {}) }); this.every(1, async () => { void this.stop(this.self, KILLED, 0); this.every(1, () => {}) }) } }
  await n.up(A); await n.advance(5)
})
await t('throwing thenable', async (n) => {
  class A extends Actor { bad(): any { return { then() { throw new Error('then throws') } } } ping() { return 1 } }
  const a = await n.up(A)
  const r = await a.ask.bad().catch((e) => 'rejected ' + e.message)
  return [r, n.alive(a)]
})
await t('thenable settles twice', async (n) => {
  class A extends Actor { bad(): any { return { then(f: any, g: any) { f(1); f(2); g(new Error('x')) } } } ping() { return 1 } }
  const a = await n.up(A)
  const r = await a.ask.bad().catch((e) => 'rejected ' + e.message)
  await n.settle()
  return [r, n.alive(a)]
})
await t('every that refuses', async (n) => {
  let count = 0
  class A extends Actor { override onStart() { this.every(10, () => { count++; throw new Refusal('X') }) } }
  const a = await n.up(A); await n.advance(100)
  return [count, n.alive(a)]
})
await t('rejected after', async (n) => {
  class A extends Actor { override onStart() { this.after(1, () => Promise.reject(new Error('x'))) } }
  const a = await n.up(A); await n.advance(10); return n.alive(a)
})
await t('await stop of own named ref', async (n) => {
  class A extends Actor { async bye() { await this.stop(this.node.lookup(A, 'me')); } }
  const a = n.system.spawn(A, undefined, { name: 'me' }).ref as any
  await n.settle(); a.tell.bye(); await n.advance(4000); return n.alive(a)
})
await t('supervisor bad calls', async (n) => {
  class S extends Supervisor { strategy = dynamic(); override children() { return [template('c', Probe)] } }
  class T extends Supervisor { strategy = oneForOne(); override children() { return [child('c', Probe)] } }
  const out: unknown[] = []
  for (const [m, args] of [['startChild', [1, null]], ['startChild', [1, 5]], ['startChild', [1, 'abc']], ['startChild', [1, { id: 5 }]], ['startChild', [1, { id: {} }]], ['startChild', [1, { on: { toString: 5 } }]], ['startChild', [1, { name: { toString: 5 } }]],
    ['terminateChild', [5]], ['terminateChild', [null]], ['terminateChild', [{ toString: 5 }]], ['terminateChild',[]], ['restartChild', [{ toString: 5 }]], ['restartChild', [5]], ['deleteChild', [{ toString: 5 }]], ['child', [{ toString: 5 }]], ['child', [undefined]], ['startChild', [{ toString: 5 }]], ['whichChildren', [1, 2]], ['countChildren', [null]]] as const)
    for (const C of [S, T]) {
      const s: any = await n.up(C)
      const r = await s.ask[m](...args).then((v: unknown) => 'ok', (e: any) => `${e.name} ${e.code} ${e.message}`)
      if (!n.alive(s) || /TypeError/.test(r)) out.push([C.name, m, args, r, n.alive(s)])
    }
  return out
})
await t('rootFailed listener throws', async (n) => {
  ;(n.rootsFailed as any).push = () => { throw new Error('listener') }
  class S extends Supervisor { strategy = oneForOne({ maxRestarts: 0 }); override children() { return [child('c', Probe)] } }
  const s = await n.up(S)
  ;(await s.ask.whichChildren())[0]!.ref!
  ;((await s.ask.whichChildren())[0]!.ref as any).tell.crash()
  await n.advance(10)
  return [n.system.size, n.system.cellOf(s)?.state]
})
await t('null args in dynamic', async (n) => {
  class G extends Actor<number | null> { what() { return this.args } }
  class S extends Supervisor { strategy = dynamic(); override children() { return [template('c', G, { args: 7 })] } }
  const s = await n.up(S)
  const r: any = await s.ask.startChild(null)
  return r.ask.what()
})
process.exit(0)

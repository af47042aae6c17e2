import { Actor, Supervisor, KILLED, NORMAL, SHUTDOWN, child, oneForAll, oneForOne, restForOne, dynamic, template, type Down, type Exit, Refusal, reentrant, hidden, type ChildSpec, type Strategy } from '../../src/index.js'
import { SupervisedNode } from '../supervision/supervised-node.js'
import { seededRandom } from '../../src/base/random.js'
const unhandled: unknown[] = []
process.on('unhandledRejection', (e) => unhandled.push('UNHANDLED ' + ((e as any)?.stack ?? e)))
process.on('uncaughtException', (e) => unhandled.push('UNCAUGHT ' + ((e as any)?.stack ?? e)))
let R = seededRandom(1)
const pick = <T>(xs: readonly T[]): T => xs[Math.floor(R.float() * xs.length)]!
const chance = (p: number) => R.float() < p
let chaos = true
const refs: any[] = []
const sleep = (a: any, ms: number) => new Promise<void>((r) => { node.clock.after(ms, r) })
let node: SupervisedNode
class W extends Actor<any> {
  override async onStart() {
    refs.push(this.self)
    if (chance(.3)) (this as any).trapExits = true
    if (chance(.2)) this.every(7, () => { if (chaos && chance(.1)) throw new Error('tick') })
    if (chance(.2)) this.after(5, async () => { await sleep(this, 3); if (chaos && chance(.3)) throw new Error('after') })
    if (chaos && chance(.3)) await sleep(this, 3)
    if (chaos && chance(.08)) throw new Error('start')
    for (let i = 0; i < 2; i++) if (chance(.3)) this.watch(pick(refs))
    if (chance(.05)) this.link(pick(refs))
  }
  override async onStop() { if (chance(.2)) await sleep(this, 4); if (chaos && chance(.1)) throw new Error('stop'); if (chaos && chance(.02)) await new Promise(() => {}) }
  override async onDown(_: Down) { if (chaos && chance(.1)) throw new Error('down'); if (chance(.2)) await sleep(this, 2) }
  override onExit(_: Exit) { if (chaos && chance(.1)) throw new Error('exit') }
  crash() { throw new Error('crash') }
  async slowCrash() { await sleep(this, 3); throw new Error('slow') }
  async slow() { await sleep(this, 3); return 1 }
  hang() { return new Promise(() => {}) }
  quit(r: any) { void this.stop(this.self, r) }
  put() { this.stash() }
  back() { this.unstashAll() }
  later() { return this.deferReply() }
  async other(r: any) { try { return await r.with({ timeoutMs: 20 }).ask.ping() } catch { return 0 } }
  ping() { return 'pong' }
  refuse() { throw new Refusal('NO') }
  kill(r: any) { return void this.stop(r, NORMAL, pick([0, 5, 50])) }
  @reentrant async re() { await sleep(this, 3); if (chaos && chance(.1)) throw new Error('re'); return 2 }
}
const T: any = {}; const tot = (n: SupervisedNode) => { for (const [k, v] of Object.entries(n.system.counters)) T[k] = (T[k] ?? 0) + (v as number) }
class S extends Supervisor<{ s: Strategy, kids: ChildSpec[] }> {
  override readonly strategy = this.args.s
  @hidden override children() { return this.args.kids }
  override async onStart() { refs.push(this.self); await super.onStart() }
  boom() { throw new Error('boom') }
}
let ids = 0
const shut = () => pick([0, 3, 10, 5000, Infinity === 0 ? 0 : 20])
function kid(d: number): ChildSpec {
  const restart = pick(['permanent', 'permanent', 'transient', 'temporary'] as const)
  if (d > 0 && chance(.4)) return child('k' + ids++, S, { args: plan(d - 1), restart, ...(chance(.5) ? { shutdownMs: 100 } : {}) })
  return child('k' + ids++, W, { args: {}, restart, shutdownMs: shut(), ...(chance(.3) ? { name: 'n' + ids++ } : {}) })
}
function plan(d: number) {
  const o = { maxRestarts: pick([3, 50, 1000, 1000]), withinMs: 100 }
  const s = pick([oneForOne, oneForAll, restForOne, dynamic])(o)
  const kids = s.type === 'dynamic' ? [template('t' + ids++, W, { args: {}, restart: pick(['permanent', 'transient', 'temporary'] as const), shutdownMs: shut() })] : Array.from({ length: 1 + Math.floor(R.float() * 4) }, () => kid(d))
  return { s, kids }
}
const from = Number(process.argv[2] ?? 1), n = Number(process.argv[3] ?? 200)
for (let seed = from; seed < from + n; seed++) {
  R = seededRandom(seed); chaos = true; refs.length = 0; unhandled.length = 0; ids = 0
  if (node) tot(node); node = new SupervisedNode()
  const fail = (m: string) => { console.log('SEED', seed, m); process.exitCode = 1 }
  for (let i = 0; i < 2; i++) node.spawn(W as any)
  const fin = new Map<any, string>(); const of = node.system.finished.bind(node.system); (node.system as any).finished = (c: any) => { const st = new Error('x').stack!; if (fin.has(c)) fail('twice ' + c.ref + fin.get(c) + st); fin.set(c, st); of(c) }
  { const D: any = (await import("../../src/supervision/supervisor-driver.js")).SupervisorDriver; void D }
  const root = await node.up(S, plan(2))
  const open = new Set<any>()
  for (let step = 0; step < 120; step++) {
    const r = pick(refs)
    const isS = r.type === 'S'
    const go = (m: string, ...a: any[]) => { const p = r.with({ timeoutMs: 50 }).ask[m](...a); open.add(p); p.then(() => open.delete(p), () => open.delete(p)) }
    if (isS) {
      switch (pick([0, 1, 2, 3, 4, 5, 6, 7])) {
        case 0: go('startChild', chance(.5) ? kid(0) : {}); break
        case 1: case 2: { go('whichChildren')
          break }
        case 3: go('terminateChild', 'k' + Math.floor(R.float() * ids)); break
        case 4: go('restartChild', 'k' + Math.floor(R.float() * ids)); break
        case 5: go('terminateChild', pick(refs)); break
        case 6: if (chance(.2)) go('boom'); break
        case 7: if (chance(.1)) void node.system.stop(r, pick([NORMAL, SHUTDOWN]), pick([0, 5, 50])); break
      }
    } else go(pick(['crash', 'slowCrash', 'slow', 'hang', 'quit', 'put', 'back', 'later', 'other', 'ping', 'refuse', 'kill', 're', 're']), pick([NORMAL, SHUTDOWN, pick(refs)]))
    if (!isS && false) {}
    if (chance(.05)) node.system.cellOf(pick(refs))?.kill()
    if (chance(.3)) await node.advance(pick([0, 1, 3, 10]))
  }
  chaos = false
  await node.advance(6000)
  // kill hung
  for (const c of [...node.system.cells()]) if ((c as any).context?.working) c.kill()
  await node.advance(6000)
  if (open.size) fail(`open asks ${open.size}`)
  // consistency
  const cells = [...node.system.cells()]
  let owned = 0
  for (const c of cells) {
    if (c.definition.type === 'S') {
      const infos: any[] = await Promise.race([(c.ref as any).with({ timeoutMs: 5 }).ask.whichChildren(), node.advance(10).then(() => 'X')]).catch((e) => { fail('which ' + e); return [] }) as any
      for (const i of infos) {
        const k = i.ref && node.system.cellOf(i.ref)
        if (i.status === 'running') { owned++; if (!k || k.state !== 'running') fail(`child ${i.id} running but ${k?.state}`) }
        else if (i.status === 'stopped') { if (k) fail(`child ${i.id} ${i.status} but cell ${k.state}`) }
        else fail(`child ${i.id} ${i.status} ${k?.state}`)
      }
    }
    if (c.state !== 'running') fail(`cell ${c.ref} ${c.state} ended? ${JSON.stringify((c as any).ending)}`)
  }
  const free = cells.filter((c) => c.guardian === undefined).length
  if (free + owned !== cells.length) fail(`cells ${cells.length} free ${free} owned ${owned}`)
  const all = Promise.all(cells.filter((c) => c.guardian === undefined).map((c) => c.stop(SHUTDOWN, 5000)))
  let done = false
  void all.then(() => { done = true })
  await node.advance(7000)
  if (!done) fail('stop hangs')
  if (node.system.size) fail('left ' + [...node.system.cells()].map((c) => `${c.ref} ${c.state}`))
  if ([...node.system.names()].length) fail('names')
  const { watches, links } = node.supervision.counts
  if (watches || links) fail(`watches ${watches} links ${links}`)
  await node.advance(6000)
  if (node.clock.pending) fail('timers ' + node.clock.pending)
  if ((node.supervision as any).placements['abandoned'].length) fail('abandoned')
  { const k = node.system.counters; if (k.spawned !== k.ended) fail(`spawned ${k.spawned} ended ${k.ended}`) }
  if (unhandled.length) fail(String(unhandled[0]))
}
console.log('done', JSON.stringify(T))
process.exit()

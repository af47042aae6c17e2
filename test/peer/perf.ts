import { fork } from 'node:child_process'
import { realWorld } from '../../src/world/real/real-world.js'
import { TestPeer } from './lab.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import net from 'node:net'
import { BareLink } from '../bench/baseline.js'
import { Packr } from 'msgpackr'
const packr = new Packr({ useRecords: false })
const now = () => performance.now()
const big = Buffer.alloc(512 * 1024, 97)
if (process.argv[2] === 'serve') {
  const node = new TestPeer('s', realWorld(), {})
  await node.peers.start()
  let count = 0, target = -1
  node.onEnvelope = (e) => {
    const args = node.codec.decodeArgs(e.body!)
    if (args[0] instanceof Uint8Array) {
      node.peers.send('c', 1, new Envelope(ENVELOPE.REPLY, 1, 0, e.callId, e.key, [args[0]], undefined, undefined))
    } else if (++count === target) process.send!({ done: count })
  }
  let bcount = 0
  const srv = net.createServer((sock) => {
    const link = new BareLink(sock, (body) => {
      if (body.length > 100000) { link.sendBody(body); return }
      packr.unpack(body)
      if (++bcount === target) process.send!({ done: bcount })
    })
  }).listen(0, '127.0.0.1', () => process.send!({ port: node.address.port, bare: (srv.address() as any).port }))
  process.on('message', (m: any) => { if (m.target) { target = m.target; count = 0; bcount = 0; process.send!({ ok: 1 }) } })
} else {
  const child = fork(new URL(import.meta.url).pathname, ['serve'], { execArgv: ['--import=tsx'] })
  const next = () => new Promise<any>((r) => child.once('message', r))
  const { port, bare } = await next()
  const node = new TestPeer('c', realWorld(), {})
  await node.peers.start()
  await node.peers.introduce({ host: '127.0.0.1', port }, 5000)
  let resolveEcho: (() => void)[] = []
  node.onEnvelope = (e) => { node.codec.decodeArgs(e.body!); resolveEcho.shift()!() }
  const link = await new Promise<BareLink>((r) => { const s = net.connect(bare, '127.0.0.1', () => r(new BareLink(s, () => resolveEcho.shift()!()))) })
  const n = 1_000_000
  async function ours() {
    child.send({ target: n }); await next()
    const t = now()
    for (let i = 0; i < n; i++) {
      const out = node.peers.send('s', 1, new Envelope(ENVELOPE.TELL, 5, 3, 0, 7, [7, i], undefined, undefined))
      if (out !== 0) await node.peers.ready('s', 1, 7)
    }
    await next()
    return n / (now() - t) * 1000
  }
  async function base() {
    child.send({ target: n }); await next()
    const t = now()
    for (let i = 0; i < n; i++) {
      link.send([1, 5, 3, [7, i]])
      if (link.socket.writableNeedDrain) await new Promise((r) => link.socket.once('drain', r))
    }
    await next()
    return n / (now() - t) * 1000
  }
  async function echo(send: () => void, m = 3000) {
    let left = m
    const t = now(), c0 = process.cpuUsage()
    await Promise.all(Array.from({ length: 16 }, async () => { while (left-- > 0) { await new Promise<void>((r) => { resolveEcho.push(r); send() }) } }))
    const cc = process.cpuUsage(c0); cpu = (cc.user + cc.system) / m
    return m / (now() - t) * 1000
  }
  let cpu = 0
  let id = 0
  const oursEcho = () => { node.peers.send('s', 1, new Envelope(ENVELOPE.ASK, 1, 0, ++id, id % 16, [big], undefined, undefined)) }
  const baseEcho = () => link.sendBody(big)
  for (let r = 0; r < +(process.env.R ?? 4); r++) {
    const [a, b] = process.env.NOTELL ? [1, 1] : [await ours(), await base()]
    const c = await echo(oursEcho), c1 = cpu, d = process.env.NOBASE ? 1 : await echo(baseEcho), d1 = cpu
    console.log(`tell ${(a / 1e6).toFixed(2)} vs ${(b / 1e6).toFixed(2)} = ${(a / b).toFixed(2)}   echo ${c.toFixed(0)} vs ${d.toFixed(0)} = ${(c / d).toFixed(2)} cpu us ${c1.toFixed(0)} vs ${d1.toFixed(0)}`)
  }
  child.kill(); process.exit(0)
}

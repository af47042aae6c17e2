// ZeroMQ (libzmq, a thread of its own): push and pull one way, dealer and router for asks, bodies in msgpackr.
import { Packr } from 'msgpackr'
import * as zmq from 'zeromq'
import { counter, main, reached, server } from './harness.mjs'
import { remoteRows } from './remote-rows.mjs'

const HIGH_WATER = 100_000
const LARGE = 100_000
const packr = new Packr({ useRecords: false })

async function serve() {
  const count = counter()
  const pull = new zmq.Pull({ receiveHighWaterMark: HIGH_WATER })
  const router = new zmq.Router({ receiveHighWaterMark: HIGH_WATER, sendHighWaterMark: HIGH_WATER })
  for (const socket of [pull, router]) await socket.bind('tcp://127.0.0.1:*')
  process.send({ ready: true, pull: pull.lastEndpoint, router: router.lastEndpoint })
  const take = async () => {
    for await (const [frame] of pull) {
      packr.unpack(frame)
      count()
    }
  }
  const answer = async () => {
    for await (const [to, frame] of router) {
      if (frame.length > LARGE) await router.send([to, frame])
      else {
        const { id, value } = packr.unpack(frame)
        await router.send([to, packr.pack({ id, value: value + 1 })])
      }
    }
  }
  await Promise.all([take(), answer()])
}

/** A socket takes one send at a time: a queue in front of it, as its documentation has it. */
class Queue {
  #socket
  #waiting = []
  #busy = false

  constructor(socket) {
    this.#socket = socket
  }

  send(bytes) {
    this.#waiting.push(bytes)
    if (!this.#busy) void this.#drain()
  }

  async #drain() {
    this.#busy = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      for (const bytes of batch) await this.#socket.send(bytes)
    }
    this.#busy = false
  }
}

async function connect() {
  const far = await server()
  const push = new zmq.Push({ sendHighWaterMark: HIGH_WATER })
  push.connect(far.pull)
  const dealer = new zmq.Dealer({ sendHighWaterMark: HIGH_WATER })
  dealer.connect(far.router)
  const waiting = new Map()
  const echoes = []
  const answers = async () => {
    for await (const [frame] of dealer) {
      if (frame.length > LARGE) echoes.shift()(frame)
      else {
        const { id, value } = packr.unpack(frame)
        waiting.get(id)(value)
        waiting.delete(id)
      }
    }
  }
  void answers()
  const out = new Queue(push)
  const asks = new Queue(dealer)
  let sent = 0
  let last = 0
  let due = 0
  return {
    tell(from, value) {
      out.send(packr.pack({ from, value }))
      return ++sent % 4_096 === 0 ? new Promise(setImmediate) : undefined
    },
    ask: (value) =>
      new Promise((resolve) => {
        waiting.set(++last, resolve)
        asks.send(packr.pack({ id: last, value }))
      }),
    echo: (bytes) =>
      new Promise((resolve) => {
        echoes.push(resolve)
        asks.send(bytes)
      }),
    received: (count) => {
      due += count
      return reached(far, due)
    },
  }
}

main('zeromq', remoteRows(connect), serve)

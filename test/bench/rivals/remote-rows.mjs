// What one process asks of another, for any library. `connect()` answers with
//   tell(from, value)   one small message; a promise where its users would wait for one
//   ask(value)          a promise of value + 1
//   echo(payload)       a promise of the same bytes; payload(bytes) makes what it takes
//   received(count)     resolves when the other process has so many more messages than before
import { loops, timed } from './harness.mjs'

const ECHOES_IN_FLIGHT = 16

export function remoteRows(connect, payload = (bytes) => Buffer.alloc(bytes, 97)) {
  let opened
  const open = () => {
    opened ??= connect()
    return opened
  }
  const tells = (senders) => async (count) => {
    const { tell, received } = await open()
    return timed(async () => {
      const each = Math.ceil(count / senders)
      const send = async (from) => {
        for (let i = 0; i < each; i++) {
          const wait = tell(from, i)
          if (wait !== undefined) await wait
        }
      }
      await Promise.all(Array.from({ length: senders }, (_, from) => send(from)))
      await received(each * senders)
    })
  }
  const asks = (inFlight) => async (count) => {
    const { ask } = await open()
    return loops(ask, inFlight)(count)
  }
  const echoes = (bytes) => {
    const bytesOf = payload(bytes)
    return async (count) => {
      const { echo } = await open()
      return loops(() => echo(bytesOf), ECHOES_IN_FLIGHT)(count)
    }
  }
  return {
    'tell-1': { run: tells(1), least: 10_000 },
    'tell-100': { run: tells(100), least: 10_000 },
    'remote-ask': { run: asks(1), least: 500 },
    'remote-ask-100': { run: asks(100), least: 2_000 },
    'echo-512k': { run: echoes(512 * 1024), least: 64 },
    'echo-8m': { run: echoes(8 * 1024 * 1024), least: 16 },
  }
}

/** Half a gigabyte from one socket to another. Prints whether V8 was given room for it. With `leave`: told not to. */
import { collectorRoom } from '../../src/world/real/collector-room.js'
import { realWorld } from '../../src/world/real/real-world.js'

const MB = 1024 * 1024
const ALL = 512 * MB
const CHUNK = new Uint8Array(MB / 2)

const { network } = realWorld(process.argv[2] === 'leave' ? { collectorRoom: false } : {})
let came = 0
const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
  connection.attach({
    onData(bytes) {
      came += bytes.length
      if (came >= ALL) end()
    },
    onDrain() {},
    onClose() {},
  })
})
const sender = await network.connect(listener.address, { timeoutMs: 5_000 })
let sent = 0
const send = (): void => {
  while (sent < ALL) {
    sent += CHUNK.length
    if (!sender.write(CHUNK)) return
  }
}
sender.attach({ onData() {}, onDrain: send, onClose() {} })
send()

function end(): void {
  console.log(JSON.stringify({ given: collectorRoom.given }))
  process.exit(0)
}

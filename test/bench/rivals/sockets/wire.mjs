// Frames over bare TCP sockets: length of the payload (4), actor (4), payload.
import net from 'node:net'

const HEAD_BYTES = 8

export function head(length, actor) {
  const buffer = Buffer.allocUnsafe(HEAD_BYTES)
  buffer.writeUInt32BE(length, 0)
  buffer.writeUInt32BE(actor, 4)
  return buffer
}

/** Calls `onFrame(actor, chunks)` for each frame; chunks hold all its bytes, head included, as they came. */
export function onFrames(socket, onFrame) {
  let chunks = []
  let have = 0
  let need = HEAD_BYTES
  socket.on('data', (data) => {
    let at = 0
    while (at < data.length) {
      const part = data.subarray(at, at + need - have)
      at += part.length
      chunks.push(part)
      have += part.length
      if (have < need) return
      if (need === HEAD_BYTES) {
        chunks = [chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)]
        need += chunks[0].readUInt32BE(0)
        if (need > HEAD_BYTES) continue
      }
      const whole = chunks
      chunks = []
      have = 0
      need = HEAD_BYTES
      onFrame(whole[0].readUInt32BE(4), whole)
    }
  })
}

export function write(socket, chunks) {
  socket.cork()
  for (const chunk of chunks) socket.write(chunk)
  socket.uncork()
}

/** Tries again for a while: the other end may only be starting. */
export async function connect(host, port) {
  for (let tries = 0; ; tries++) {
    try {
      return await new Promise((resolve, reject) => {
        const options = { host, port: Number(port), noDelay: true }
        const socket = net.connect(options, () => resolve(socket))
        socket.once('error', reject)
      })
    } catch (error) {
      if (tries === 50) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

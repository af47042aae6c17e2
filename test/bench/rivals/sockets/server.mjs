// The far end of echo.mjs: node server.mjs HOST PORT. A frame goes back as it came, once all of it is here.
import net from 'node:net'
import { onFrames, write } from './wire.mjs'

const [host, port] = process.argv.slice(2)

net
  .createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    onFrames(socket, (_actor, chunks) => write(socket, chunks))
  })
  .listen(Number(port), host)

import type { MessagePort } from 'node:worker_threads'
import { TroupeError } from '../../base/errors.js'
import type { Connection } from '../network.js'
import { PortConnection } from './port-connection.js'

/** The first message on a port, from whoever was called. */
const ANSWER = {
  /** The connection stands. */
  OPEN: 'open',
  /** The address is that of a thread, which does not listen there any more. */
  REFUSED: 'refused',
  /** No thread of this process listens there. */
  NOBODY: 'nobody',
} as const

/**
 * Waits for the answer of who got the other end of the port. Resolves to undefined when that address
 * is not one of this process.
 *
 * @throws TroupeError ERR_CONNECT
 */
export function dialled(
  port: MessagePort,
  remote: string,
  timeoutMs: number,
): Promise<Connection | undefined> {
  return new Promise((resolve, reject) => {
    const timeout = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs)
    const fail = (reason: string): void => {
      settle()
      port.close()
      reject(new TroupeError('ERR_CONNECT', `cannot connect to ${remote}: ${reason}`))
    }
    const onAnswer = (answer: unknown): void => {
      if (answer === ANSWER.OPEN) {
        settle()
        resolve(new PortConnection(port, remote))
      } else if (answer === ANSWER.NOBODY) {
        settle()
        port.close()
        resolve(undefined)
      } else fail(answer === ANSWER.REFUSED ? 'nobody listens there' : 'the answer makes no sense')
    }
    const onClose = (): void => fail('its thread has ended')
    const settle = (): void => {
      clearTimeout(timeout)
      port.off('message', onAnswer)
      port.off('close', onClose)
    }
    port.on('message', onAnswer)
    port.on('close', onClose)
    port.unref()
  })
}

/** Answers a call: the connection stands from here on. */
export function taken(port: MessagePort, remote: string): Connection {
  port.postMessage(ANSWER.OPEN)
  return new PortConnection(port, remote)
}

/** Answers a call for an address where nobody listens, here or in this process. */
export function refused(port: MessagePort, isKnown: boolean): void {
  port.postMessage(isKnown ? ANSWER.REFUSED : ANSWER.NOBODY)
  port.close()
}

import { MessagePort } from 'node:worker_threads'
import { isObject } from '../../base/options.js'

/** What threads tell each other about their listeners and dials. */
export type LineMessage =
  /** The sender listens on these; answered by `noted`. */
  | { readonly type: 'listens'; readonly at: readonly string[]; readonly id: number }
  | { readonly type: 'noted'; readonly id: number }
  | { readonly type: 'rests'; readonly at: readonly string[] }
  /** Somebody wants a connection to that address; the answer comes on the port. */
  | {
      readonly type: 'call'
      readonly to: string
      readonly from: string
      readonly port: MessagePort
    }

const TEXTS_MAX = 64

/** One end of the port between a thread and the one that started it. What makes no sense is dropped. */
export class ThreadLine {
  /** The other thread as text, for logs. */
  readonly name: string
  readonly #port: MessagePort

  /** @param heard a message of the other thread · @param ended the other thread is gone */
  constructor(
    name: string,
    port: MessagePort,
    heard: (message: LineMessage, line: ThreadLine) => void,
    ended: (line: ThreadLine) => void = () => {},
  ) {
    this.name = name
    this.#port = port
    port.on('message', (message: unknown) => {
      if (isLineMessage(message)) heard(message, this)
    })
    port.on('close', () => ended(this))
    port.unref()
  }

  send(message: LineMessage): void {
    this.#port.postMessage(message, message.type === 'call' ? [message.port] : [])
  }

  close(): void {
    this.#port.close()
  }
}

function isLineMessage(message: unknown): message is LineMessage {
  if (!isObject<Record<string, unknown>>().test(message)) return false
  const { type, at, id, to, from, port } = message
  switch (type) {
    case 'listens':
      return areTexts(at) && typeof id === 'number'
    case 'noted':
      return typeof id === 'number'
    case 'rests':
      return areTexts(at)
    case 'call':
      return typeof to === 'string' && typeof from === 'string' && port instanceof MessagePort
    default:
      return false
  }
}

const areTexts = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length <= TEXTS_MAX &&
  value.every((text) => typeof text === 'string')

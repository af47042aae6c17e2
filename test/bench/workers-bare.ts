/** A bare thread: the work of a cruncher, asked for by `postMessage` and answered so. */
import { type MessagePort, parentPort } from 'node:worker_threads'
import { primesBelow } from './workers-module.js'

/** `primes`: how many there are below `value` · `meet`: a port to the other thread · `pingPong`: so often with it. */
export interface BareRequest {
  readonly kind: 'primes' | 'meet' | 'pingPong'
  readonly value: number
  readonly port?: MessagePort
}

let other: MessagePort | undefined
let answered: (value: number) => void = () => {}

parentPort?.on('message', ({ kind, value, port }: BareRequest) => {
  if (kind === 'primes') parentPort?.postMessage(primesBelow(value))
  else if (kind === 'meet') meet(port as MessagePort, value === 1)
  else void pingPong(value).then((ms) => parentPort?.postMessage(ms))
})

function meet(port: MessagePort, asks: boolean): void {
  other = port
  other.on('message', (value: number) => {
    if (asks) answered(value)
    else port.postMessage(value + 1)
  })
  parentPort?.postMessage(0)
}

async function pingPong(times: number): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < times; i++) {
    const answer = await new Promise<number>((resolve) => {
      answered = resolve
      other?.postMessage(i)
    })
    if (answer !== i + 1) throw new Error(`a wrong answer to ${i}`)
  }
  return performance.now() - start
}

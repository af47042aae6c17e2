/**
 * How many echoes of 512 KiB a second on loopback, 16 in flight on one connection? Baseline: one bare
 * socket whose server copies and returns the bytes, as the actor does.
 */
import { runEchoes } from './echoes.js'

const programs = ['zeromq', 'nats', 'colyseus', 'moleculer', 'comedy', 'effect-cluster']
await runEchoes({ bench: 'echo-512k', bytes: 512 * 1024, count: 1_500, programs })

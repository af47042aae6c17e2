/**
 * How many echoes of 8 MiB a second on loopback, 16 in flight on one connection? Baseline: one bare
 * socket whose server copies and returns the bytes, as the actor does.
 */
import { runEchoes } from './echoes.js'

await runEchoes({ bench: 'echo-8m', bytes: 8 * 1024 * 1024, count: 100, programs: ['zeromq'] })

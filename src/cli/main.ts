#!/usr/bin/env node
import { realTerminal } from '../world/real/real-terminal.js'
import { checkHistoryCommand } from './check-history.js'
import type { Command } from './command.js'
import { exploreCommand } from './explore.js'
import { collectCommand } from './k8s-collect.js'
import { manifestCommand } from './k8s-manifest.js'
import { mergeCommand } from './merge.js'
import { replayCommand } from './replay.js'
import { internalError, run } from './run.js'
import { showCommand } from './show.js'
import { shrinkCommand } from './shrink.js'

/** All commands of `npx troupe`. */
const COMMANDS: readonly Command[] = [
  exploreCommand,
  replayCommand,
  shrinkCommand,
  showCommand,
  mergeCommand,
  manifestCommand,
  collectCommand,
  checkHistoryCommand,
]

let broken = false
realTerminal.onBroken((error) => {
  broken = true
  realTerminal.exitWith(internalError(error, realTerminal))
})
const code = await run(COMMANDS, realTerminal)
if (!broken) realTerminal.exitWith(code)

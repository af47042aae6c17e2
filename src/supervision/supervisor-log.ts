import { showReason } from '../actor/exit-reason.js'
import { messageOf } from '../base/errors.js'
import type { Logger } from '../base/logger.js'
import { unreachable } from '../base/unreachable.js'
import type { LogEntry } from './supervisor-event.js'

/** Writes what a supervisor does for people: every restart with its reason, and every time it gives up. */
export function logEntry(log: Logger, supervisor: string, entry: LogEntry): void {
  const fields = { supervisor, child: entry.id }
  switch (entry.event) {
    case 'childEnded':
      log.info({ ...fields, reason: showReason(entry.reason) }, 'child ended')
      return
    case 'restarting': {
      const reason = entry.reason ? showReason(entry.reason) : 'it has a place now'
      const siblings = entry.siblings.length > 0 ? { siblings: entry.siblings } : {}
      log.warn({ ...fields, reason, ...siblings }, 'restarting child')
      return
    }
    case 'startFailed': {
      const { error, again } = entry
      log.error({ ...fields, reason: messageOf(error), again, err: error }, 'child did not start')
      return
    }
    case 'gaveUp': {
      const { maxRestarts, withinMs } = entry
      log.error({ ...fields, maxRestarts, withinMs }, 'too many restarts: supervisor gives up')
      return
    }
    case 'autoShutdown':
      log.info(fields, 'a significant child ended: supervisor ends too')
      return
    case 'noPlace':
      log.warn({ ...fields, reason: entry.error.message }, 'child has no place')
      return
    default:
      unreachable(entry)
  }
}

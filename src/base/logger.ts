/**
 * Where the node writes what a person should know: restarts, refusals, lost nodes. The shape is
 * pino's, so a pino logger fits as it is. `fields` are plain values; wire text in them is escaped by
 * whoever prints them.
 */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** The same logger for rooms that must go on whatever a user's logger does: what it throws is dropped. */
export function guardedLogger(logger: Logger): Logger {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void => {
      try {
        logger[level](fields, message)
      } catch {
        // There is nobody left to tell.
      }
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

const nothing = (): void => {}

export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
}

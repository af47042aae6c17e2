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

const nothing = (): void => {}

export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
}

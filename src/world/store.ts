/**
 * A small map from text to bytes that survives the process. Calls take effect in the order they are
 * made. @throws TroupeError ERR_STORE
 */
export interface Store {
  get(key: string): Promise<Uint8Array | undefined>
  put(key: string, value: Uint8Array): Promise<void>
  delete(key: string): Promise<void>
  /** All keys that begin with `prefix`, sorted. */
  keys(prefix: string): Promise<string[]>
  /** Resolves when all that was put before would survive a crash of the machine. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** What the environment says to the process with the root and to the others. */
export interface Overlays {
  readonly root: string
  readonly table: string
}

/** The same for all, but for roles: over `client-server` the root is the server and its tables are clients. */
export function overlaysOf(text: string): Overlays {
  if (!/^client-?server$/i.test(text)) return { root: text, table: text }
  const role = (name: string) => `client-server ${JSON.stringify({ role: name })}`
  return { root: role('server'), table: role('client') }
}

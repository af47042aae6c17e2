/** What a program was started with. */
export interface Environment {
  /** A variable of the environment; undefined when it is not set or empty. */
  variable(name: string): string | undefined
  /** The text of a file, such as a configuration. Rejects with what the system says. */
  readFile(path: string): Promise<string>
}

/** Randomness nobody can guess: identities and challenges. Everything else draws from `Random`. */
export interface Entropy {
  bytes(count: number): Uint8Array
}

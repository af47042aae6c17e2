export interface Crypto {
  /** HMAC-SHA-256, 32 bytes. */
  hmac(key: Uint8Array, data: Uint8Array): Uint8Array
  /** SHA-256, 32 bytes. */
  sha256(data: Uint8Array): Uint8Array
  /** Equality in a time that does not depend on the content; false for different lengths. */
  equal(a: Uint8Array, b: Uint8Array): boolean
}

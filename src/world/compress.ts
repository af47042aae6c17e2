export interface Compress {
  deflate(data: Uint8Array): Uint8Array
  /** Never makes more than `maxBytes`. @throws when the data is damaged or would be larger */
  inflate(data: Uint8Array, maxBytes: number): Uint8Array
}

/**
 * Flips bits of what stands in these chunks behind the first `headBytes`, in place. Bits are counted
 * from the end, 0 being the lowest of the last byte, modulo how many there are.
 */
export function flipBits(
  chunks: readonly Uint8Array[],
  headBytes: number,
  bits: readonly number[],
): void {
  const total = chunks.reduce((sum, chunk) => sum + chunk.length, 0) - headBytes
  if (total <= 0) return
  for (const wished of bits) {
    const bit = wished % (total * 8)
    let back = Math.floor(bit / 8)
    for (let i = chunks.length - 1; i >= 0; i--) {
      const chunk = chunks[i] as Uint8Array
      if (back >= chunk.length) {
        back -= chunk.length
        continue
      }
      const at = chunk.length - 1 - back
      chunk[at] = (chunk[at] as number) ^ (1 << (bit % 8))
      break
    }
  }
}

import v8 from 'node:v8'
import vm from 'node:vm'

let collect: (() => void) | undefined

/** Bytes of this thread that live on after a full collection, buffers included. Slow: some 10 ms for each 10 MB. */
export function liveBytes(): number {
  if (collect === undefined) {
    v8.setFlagsFromString('--expose-gc')
    collect = vm.runInNewContext('gc') as () => void
  }
  collect()
  const { used_heap_size: heap, external_memory: external } = v8.getHeapStatistics()
  return heap + external
}

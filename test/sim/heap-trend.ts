/** What lived when a run was over. */
interface Sample {
  readonly execution: number
  readonly bytes: number
}

/** How memory has gone over many runs. */
export interface HeapVerdict {
  readonly fromMb: number
  readonly toMb: number
  /** KiB more for each execution. */
  readonly growthKb: number
  /** It does not return to its base. */
  readonly leaks: boolean
}

/** The first executions load and compile code. */
const WARM_UP = 8
const SAMPLES_MIN = 4
const KB = 1024
/** A running node is some hundred KiB. */
const LEAK_BYTES = 64 * KB
/** What is compiled, and forgotten again, comes and goes by some hundred KiB. */
const NOISE_BYTES = 2 * KB * KB
/** However slowly it grows. */
const GROWTH_MAX_BYTES = 32 * KB * KB

/**
 * Whether memory returns to its base when executions end: the median of the last third of the samples
 * is held against that of the first third.
 */
export class HeapTrend {
  #samples: Sample[] = []
  #since = 0

  take(execution: number, bytes: number): void {
    if (execution - this.#since > WARM_UP) this.#samples.push({ execution, bytes })
  }

  /** A new thread begins with a new heap. */
  restart(execution: number): void {
    this.#since = execution
    this.#samples = []
  }

  /** Undefined: there are too few samples to tell. */
  get verdict(): HeapVerdict | undefined {
    const samples = this.#samples
    if (samples.length < SAMPLES_MIN) return undefined
    const part = Math.ceil(samples.length / 3)
    const [from, to] = [median(samples.slice(0, part)), median(samples.slice(-part))]
    const grown = to.bytes - from.bytes
    const each = grown / (to.execution - from.execution)
    return {
      fromMb: mb(from.bytes),
      toMb: mb(to.bytes),
      growthKb: Math.round(each / KB),
      leaks: (grown > NOISE_BYTES && each > LEAK_BYTES) || grown > GROWTH_MAX_BYTES,
    }
  }
}

const mb = (bytes: number): number => Math.round((bytes / KB / KB) * 10) / 10

/** Of both, apart. */
function median(samples: readonly Sample[]): Sample {
  const middle = (values: number[]): number =>
    values.sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] as number
  return {
    execution: middle(samples.map(({ execution }) => execution)),
    bytes: middle(samples.map(({ bytes }) => bytes)),
  }
}

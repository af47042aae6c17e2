import { type Fields, integer, readOptions } from '../base/options.js'
import { ACKNOWLEDGED_FIELDS, type AcknowledgedOptions } from './acknowledged-options.js'
import { CAUSAL_FIELDS, type CausalOptions } from './causal-event.js'
import { DURABLE_FIELDS, type DurableOptions } from './durable-options.js'
import { MONOTONIC_FIELDS, type MonotonicOptions } from './monotonic.js'
import { RECEIVED_FIELDS, type ReceivedOptions } from './received.js'

/** Bounds and times of a node's delivery stages. */
export interface PipelineOptions {
  readonly acknowledged: AcknowledgedOptions
  readonly received: ReceivedOptions
  readonly causal: CausalOptions
  readonly monotonic: MonotonicOptions
  readonly durable: DurableOptions
  /** Labels known at most, and for good; a message of one more is refused. Default 1,024. */
  readonly maxLabels: number
}

/** As a user gives them. */
export type GivenPipelineOptions = {
  readonly [K in keyof PipelineOptions]?: Partial<PipelineOptions[K]> | undefined
}

const LABELS: Fields<{ maxLabels: number }> = {
  maxLabels: { fallback: 1_024, check: integer(1) },
}

/** @throws TroupeError ERR_BAD_OPTION */
export function readPipelineOptions(
  given?: GivenPipelineOptions,
  of = 'delivery',
): PipelineOptions {
  return given === undefined ? DEFAULTS : read(given, of)
}

function read(given: GivenPipelineOptions, of: string): PipelineOptions {
  const { acknowledged, received, causal, monotonic, durable, ...others } = given
  return Object.freeze({
    acknowledged: readOptions(`${of}.acknowledged`, ACKNOWLEDGED_FIELDS, acknowledged),
    received: readOptions(`${of}.received`, RECEIVED_FIELDS, received),
    causal: readOptions(`${of}.causal`, CAUSAL_FIELDS, causal),
    monotonic: readOptions(`${of}.monotonic`, MONOTONIC_FIELDS, monotonic),
    durable: readOptions(`${of}.durable`, DURABLE_FIELDS, durable),
    ...readOptions(of, LABELS, others),
  })
}

const DEFAULTS = read({}, 'delivery')

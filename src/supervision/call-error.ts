import { type ErrorCode, messageOf } from '../base/errors.js'

/** Why a management call was refused; `cause` is what a start failed with. */
export interface CallError {
  readonly code: ErrorCode
  readonly detail: string
  readonly cause?: unknown
}

/** The supervisor is on its way out. */
export const ENDS: CallError = { code: 'ERR_STOPPED', detail: 'the supervisor ends' }

export const ENDED: CallError = { code: 'ERR_STOPPED', detail: 'the supervisor has ended' }

export const noChild = (id: string): CallError => ({
  code: 'ERR_NO_CHILD',
  detail: `there is no child '${id}'`,
})

/** A child that was to start for a call did not. */
export function startError(type: 'startFailed' | 'noPlace', id: string, cause: unknown): CallError {
  const code = type === 'noPlace' ? 'ERR_NO_PLACE' : 'ERR_START_FAILED'
  return { code, detail: `child '${id}' did not start: ${messageOf(cause)}`, cause }
}

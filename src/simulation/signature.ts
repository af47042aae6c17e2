import { CheckFailed } from './check.js'
import { digest } from './digest.js'

/** The check, and the part of it that failed, or the kind of what it said without its numbers. */
export function signatureOf(check: string, error: Error): string {
  const cause = error instanceof CheckFailed ? error.cause : error
  const part = error instanceof CheckFailed ? error.part : undefined
  const kind = cause instanceof Error ? cause.name : ''
  if (part !== undefined) return [check, part, kind].filter((word) => word !== '').join('/')
  return kind === '' ? check : `${check}/${kind}/${digest(error.message.replace(/[\d.]+/g, '#'))}`
}

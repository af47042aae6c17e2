import { CheckFailed } from './check.js'
import { digest } from './digest.js'

/** The check, and the kind of what it said without its numbers. */
export function signatureOf(check: string, error: Error): string {
  const cause = error instanceof CheckFailed ? error.cause : error
  const kind = cause instanceof Error ? cause.name : ''
  return kind === '' ? check : `${check}/${kind}/${digest(error.message.replace(/[\d.]+/g, '#'))}`
}

import type { Trial } from './trial.js'

/**
 * What sets a failure apart while it is made smaller, or it would slip to another bug: the check, what threw, and the
 * command that no model allows.
 */
export function identityOf({ result, refuted }: Trial): string {
  return `${result.signature ?? result.check} ${refuted?.name ?? ''}`
}

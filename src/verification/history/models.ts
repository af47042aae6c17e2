import { TroupeError } from '../../base/errors.js'
import { show } from '../../base/options.js'
import { fifoQueue } from './fifo-queue.js'
import { kv } from './kv.js'
import type { AnyModel } from './model.js'
import { casRegister, register } from './register.js'

const MODELS: Readonly<Record<string, () => AnyModel>> = {
  register,
  'cas-register': casRegister,
  kv,
  queue: fifoQueue,
}

export const MODEL_NAMES: readonly string[] = Object.keys(MODELS)

/** @throws TroupeError ERR_BAD_OPTION for a name that is none */
export function modelNamed(name: string): AnyModel {
  const make = Object.hasOwn(MODELS, name) ? MODELS[name] : undefined
  if (make !== undefined) return make()
  const known = MODEL_NAMES.join(', ')
  throw new TroupeError('ERR_BAD_OPTION', `${show(name)} is no model; there are: ${known}`)
}

import { codeOf, TroupeError } from '../base/errors.js'

export type FastCheck = typeof import('fast-check')

/** @throws TroupeError ERR_PACKAGE_MISSING */
export async function loadFastCheck(
  load: () => Promise<FastCheck> = () => import('fast-check'),
): Promise<FastCheck> {
  try {
    return await load()
  } catch (cause) {
    if (codeOf(cause) !== 'ERR_MODULE_NOT_FOUND') throw cause
    const detail = 'modelTest needs the package fast-check: npm install --save-dev fast-check'
    throw new TroupeError('ERR_PACKAGE_MISSING', detail, { cause })
  }
}

import { TroupeError } from '../base/errors.js'
import { badOption, isObject, isText, show } from '../base/options.js'
import { overlayFromText } from '../node/overlay-named.js'
import type { Environment } from '../world/environment.js'
import type { NodeOptions } from './node-options.js'

/** Names the overlay where the code does not. */
export const OVERLAY_VARIABLE = 'TROUPE_OVERLAY'

/**
 * Options as the code gives them, completed by the environment and by those of the file named in `config`: what
 * the code says beats the environment, and this beats the file.
 *
 * @throws TroupeError ERR_BAD_OPTION for what the environment says
 */
export function completeOptions(
  given: NodeOptions,
  environment: Environment | undefined,
  file: object | undefined,
): NodeOptions {
  if (!isObject().test(given)) return given // refused where options are checked
  const named = given.overlay === undefined ? environment?.variable(OVERLAY_VARIABLE) : undefined
  const overlay = named === undefined ? undefined : overlayFromText(named, OVERLAY_VARIABLE)
  if (file === undefined && overlay === undefined) return given
  const said = Object.entries(given).filter(([, value]) => value !== undefined)
  return { ...file, ...(overlay && { overlay }), ...Object.fromEntries(said) } as NodeOptions
}

/**
 * The options in a file: one JSON object.
 * @throws TroupeError ERR_BAD_OPTION when there is none, with what the system says as cause
 */
export async function readConfig(
  path: string,
  environment: Environment | undefined,
): Promise<object> {
  if (!isText.test(path)) throw badOption('startNode.config', isText.text, path)
  if (environment === undefined) {
    const text = 'startNode.config: this world has no files; realWorld() has'
    throw new TroupeError('ERR_BAD_OPTION', text)
  }
  const options = jsonOf(
    await environment.readFile(path).catch((cause: unknown) => {
      const text = `startNode.config: ${show(path)} cannot be read: ${(cause as Error).message}`
      throw new TroupeError('ERR_BAD_OPTION', text, { cause })
    }),
  )
  if (!isObject<object>().test(options)) {
    throw new TroupeError('ERR_BAD_OPTION', `startNode.config: ${show(path)} holds no JSON object`)
  }
  for (const option of ['world', 'logger', 'codecs', 'remoteSpawn', 'config']) {
    if (!Object.hasOwn(options, option)) continue
    const text = `startNode.config: ${show(path)} has ${option}, which belongs in code`
    throw new TroupeError('ERR_BAD_OPTION', text)
  }
  return options
}

/** Undefined when it is none. The error of the parser is not told: it quotes the text, which may hold the cookie. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

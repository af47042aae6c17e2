import { TroupeError } from '../base/errors.js'
import { badOption, check, isObject, show } from '../base/options.js'
import { broker } from '../broker/broker.js'
import { clientServer } from '../overlay/client-server/client-server.js'
import type { GivenClientServerOptions } from '../overlay/client-server/client-server-options.js'
import { cyclon } from '../overlay/cyclon.js'
import { fullMesh } from '../overlay/full-mesh.js'
import { hiscamp } from '../overlay/hiscamp.js'
import type { Distance } from '../overlay/hiscamp-options.js'
import { hyparview } from '../overlay/hyparview.js'
import type { Member, OverlayFactory } from '../overlay/overlay.js'
import { scampV1 } from '../overlay/scamp-v1.js'
import { scampV2 } from '../overlay/scamp-v2.js'
import { type StaticMember, staticMembers } from '../overlay/static-members.js'

/** An overlay by its name: what configuration files and environments can say. */
export interface NamedOverlay {
  readonly name: string
  /** As the function of that name takes them; the list of members for `static`. */
  readonly options?: object
}

/** What can be asked for by name. The options come from outside: each function checks its own. */
const OVERLAYS: Readonly<Record<string, (options: object | undefined) => OverlayFactory>> = {
  broker: (options) => broker(options),
  'client-server': (options = {}) => clientServer(options as GivenClientServerOptions),
  cyclon: (options) => cyclon(options),
  'full-mesh': (options) => fullMesh(options),
  hiscamp: ({ site = 'site:', ...options }: BySite = {}) =>
    hiscamp({ distance: siteDistance(site), ...options }),
  hyparview: (options) => hyparview(options),
  'scamp-v1': (options) => scampV1(options),
  'scamp-v2': (options) => scampV2(options),
  static: (options = []) => staticMembers(options as readonly (string | StaticMember)[]),
}

interface BySite {
  /** How the tag begins that names a member's site. Default `site:`. */
  readonly site?: string
}

/** A configuration file cannot hold a function: members with the same site are near, all others are not. */
function siteDistance(prefix: string): Distance {
  const siteOf = ({ tags }: Member): string | undefined =>
    tags.find((tag) => tag.startsWith(prefix))
  return (a, b) => (siteOf(a) === siteOf(b) ? 0 : Number.POSITIVE_INFINITY)
}

const ALIASES: Readonly<Record<string, string>> = { 'static-members': 'static' }

/** The names of overlays, sorted. */
export const overlayNames = (): string[] => Object.keys(OVERLAYS).sort()

/**
 * An overlay by its name, in kebab-case (`client-server`) or as its function is called (`clientServer`).
 *
 * @throws TroupeError ERR_BAD_OPTION for an unknown name (with a list of those that exist) and for options its
 *   overlay does not take
 */
export function overlayNamed(name: string, options?: object): OverlayFactory {
  return make('overlayNamed', name, options)
}

function make(of: string, name: string, options: object | undefined): OverlayFactory {
  const kebab = String(name)
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
  const known = Object.hasOwn(ALIASES, kebab) ? (ALIASES[kebab] as string) : kebab
  const build = Object.hasOwn(OVERLAYS, known) ? OVERLAYS[known] : undefined
  if (build !== undefined) return build(options)
  const names = overlayNames().join(', ')
  const text = `${of}: there is no overlay ${show(name)}; there are: ${names}`
  throw new TroupeError('ERR_BAD_OPTION', text)
}

/**
 * An overlay by a text: its name, and behind a space its options as JSON: `client-server {"role":"client"}`.
 *
 * @param of where the text comes from, for messages
 * @throws TroupeError ERR_BAD_OPTION
 */
export function overlayFromText(text: string, of: string): OverlayFactory {
  const [, name = '', json] = /^\s*([\w-]+)(?:\s+([[{].*))?\s*$/s.exec(text) ?? []
  if (name === '')
    throw badOption(of, 'the name of an overlay, its options as JSON behind it', text)
  return make(of, name, json === undefined ? undefined : parsed(json, of))
}

function parsed(json: string, of: string): object {
  try {
    return JSON.parse(json) as object
  } catch (cause) {
    const text = `${of}: the options of the overlay are not JSON: ${(cause as Error).message}`
    throw new TroupeError('ERR_BAD_OPTION', text, { cause })
  }
}

/** What an option `overlay` may be. */
export type GivenOverlay = OverlayFactory | NamedOverlay | string

export const isGivenOverlay = check<GivenOverlay>(
  `an overlay, such as fullMesh(), or the name of one`,
  (v) =>
    typeof v === 'string' ||
    typeof (v as OverlayFactory | null)?.create === 'function' ||
    isNamedOverlay(v),
)

const isNamedOverlay = (value: unknown): boolean =>
  isObject<NamedOverlay>().test(value) &&
  typeof value.name === 'string' &&
  ['undefined', 'object'].includes(typeof value.options) &&
  value.options !== null &&
  Object.keys(value).every((key) => key === 'name' || key === 'options')

/** @throws TroupeError ERR_BAD_OPTION */
export function readOverlay(given: GivenOverlay, of: string): OverlayFactory {
  if (typeof given === 'string') return overlayFromText(given, of)
  return 'create' in given ? given : make(of, given.name, given.options)
}

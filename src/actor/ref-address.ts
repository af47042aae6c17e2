import { TroupeError } from '../base/errors.js'
import { isUlid } from '../base/identity.js'
import { show } from '../base/options.js'

/** A ref in parts. Exactly one of `id` and `name` is there. */
export interface RefAddress {
  readonly node: string
  readonly type: string
  readonly id: string | undefined
  readonly name: string | undefined
}

const SCHEME = 'troupe://'
const NAME = 'name:'

/** `troupe://b/arena/match/01J…` for one actor, `troupe://b/arena/counter/name:score` for a name. */
export function showAddress(address: RefAddress): string {
  const type = address.type.split('/').map(encode).join('/')
  const target = address.id ?? NAME + encode(address.name ?? '')
  return `${SCHEME}${encode(address.node)}/${type}/${target}`
}

/** @throws TroupeError ERR_BAD_REF */
export function parseAddress(text: unknown): RefAddress {
  if (typeof text !== 'string' || text.length > 2_000 || !text.startsWith(SCHEME)) throw bad(text)
  const parts = text.slice(SCHEME.length).split('/')
  const target = parts.pop()
  const node = decode(parts.shift(), text)
  const type = parts.map((part) => decode(part, text)).join('/')
  if (node === '' || type === '' || target === undefined) throw bad(text)
  if (target.startsWith(NAME)) {
    const name = decode(target.slice(NAME.length), text)
    if (name === '') throw bad(text)
    return { node, type, id: undefined, name }
  }
  if (!isUlid(target)) throw bad(text)
  return { node, type, id: target, name: undefined }
}

function encode(part: string): string {
  try {
    return encodeURIComponent(part)
  } catch (cause) {
    throw new TroupeError('ERR_BAD_REF', `${show(part)} is not well-formed text`, { cause })
  }
}

function decode(part: string | undefined, text: string): string {
  try {
    return decodeURIComponent(part ?? '')
  } catch (cause) {
    throw bad(text, cause)
  }
}

const bad = (text: unknown, cause?: unknown): TroupeError =>
  new TroupeError(
    'ERR_BAD_REF',
    `${show(text)} is not a ref of the form troupe://node/type/id or troupe://node/type/name:text`,
    { cause },
  )

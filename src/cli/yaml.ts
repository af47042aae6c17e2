/** What a manifest is made of. */
export type YamlValue =
  | string
  | number
  | boolean
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue | undefined }

/**
 * A value as YAML, in blocks. Texts that could be read as anything else are quoted as in JSON, which YAML 1.2
 * reads alike; what is undefined is left out.
 */
export function yaml(value: YamlValue): string {
  return `${lines(value).join('\n')}\n`
}

function lines(value: YamlValue): string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return ['[]']
    return (value as readonly YamlValue[]).flatMap((one) => nested('-', one, true))
  }
  if (typeof value !== 'object') return [scalar(value as string | number | boolean)]
  const entries = Object.entries(value).filter(
    (entry): entry is [string, YamlValue] => entry[1] !== undefined,
  )
  if (entries.length === 0) return ['{}']
  return entries.flatMap(([key, one]) => nested(`${scalar(key)}:`, one, false))
}

/** A value behind a dash, or behind and below a key. */
function nested(head: string, value: YamlValue, dash: boolean): string[] {
  const [first = '', ...rest] = lines(value)
  const inline = typeof value !== 'object' || first === '[]' || first === '{}'
  if (inline) return [`${head} ${first}`]
  if (dash) return [`${head} ${first}`, ...rest.map((line) => `  ${line}`)]
  return [head, ...[first, ...rest].map((line) => `  ${line}`)]
}

/** Begins with a letter or a slash, and has nothing in it that YAML reads in its own way. */
const PLAIN = /^[A-Za-z/][\w./-]*$/
/** Words that some version of YAML takes for something else. */
const WORDS = /^(true|false|yes|no|on|off|y|n|null)$/i

function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value)
  return PLAIN.test(value) && !WORDS.test(value) ? value : JSON.stringify(value)
}

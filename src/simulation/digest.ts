import { hashText } from '../base/random.js'

/** Eight hexadecimal digits of a text, for signatures and fingerprints. */
export const digest = (text: string): string => hashText(text).toString(16).padStart(8, '0')

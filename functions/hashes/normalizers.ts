import { domainToASCII } from 'node:url'
import type { Normalizer } from 'sallyport'

/** Unicode NFC (UAX #15): a letter and its accent are one character, however they were typed. */
export const nfc: Normalizer = { name: 'nfc', run: (text) => text.normalize('NFC') }

/** RFC 1035 section 2.3.4. A domain that is longer is none, and stays as it is. */
const longestDomain = 253

/**
 * An e-mail address in one spelling: trimmed, NFC, lower case, its domain in ASCII (IDNA). The part before the `@` may tell
 * cases apart (RFC 5321 section 2.4); no large provider does, and a person who types a capital is still the same one.
 */
export const email: Normalizer = {
  name: 'email',
  run(text) {
    const plain = text.trim().normalize('NFC').toLowerCase()
    const at = plain.lastIndexOf('@') + 1
    const domain = at > 1 && plain.length - at <= longestDomain ? domainToASCII(plain.slice(at)) : ''
    return domain === '' ? plain : plain.slice(0, at) + domain
  },
}

/** The PHC string format: `$name$parameters$salt$tag`, salt and tag in base64 without padding. */

/** Bytes of the random salt and of the tag that we make (RFC 9106 section 4, NIST SP 800-132 section 5.1). */
export const saltBytes = 16
export const tagBytes = 32

export const phc = (head: string, salt: Uint8Array, tag: Uint8Array): string => `$${head}$${unpadded(salt)}$${unpadded(tag)}`

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '')

/** Undefined for a text that is not the one spelling of its bytes. */
export function decoded(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return unpadded(bytes) === text ? bytes : undefined
}

import type { ContentEncryption, Use } from './algorithm.ts'

const refuse = (why: string): never => { throw new TypeError(`jwe, ${why}`) }

/** For what a pair of ours cannot do. */
export const imported = (alg: string) => ({ key }: Use): void => {
  if (key?.kind === 'key-pair') refuse(`algorithms: a pair of ours unwraps by RSA-OAEP-256 alone; for ${alg} use a privateKey account`)
}

/** For a shared key of so many bytes, or as many as the content encryptions take. */
export const shared = (alg: string, bytes?: number) => ({ key, encryptions = [] }: Use): void => {
  const { bits } = (key?.how ?? {}) as { bits?: number }
  if (bits === undefined) refuse(`algorithms: ${alg} takes a secretKey account as its key`)
  const wanted = bytes === undefined ? encryptions.map((enc: ContentEncryption) => enc.bytes) : [bytes]
  if (wanted.length === 0) refuse(`encryptions: name what ${alg} is for`)
  const other = wanted.find((bytes) => bytes * 8 !== bits)
  if (other !== undefined) refuse(`key: ${alg} takes secretKey({ bits: ${other * 8} }) here`)
}

/** For what wraps no key, and so has one reader. */
export const alone = (alg: string) => ({ to }: Use): void => {
  if (Array.isArray(to) && to.length > 1) refuse(`algorithms: ${alg} is for one reader; name algorithms that wrap a key`)
}

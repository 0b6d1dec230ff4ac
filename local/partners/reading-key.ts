import { generateKeyPair, type JsonWebKey } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'

/** A private key as a JWK. */
export type PrivateJwk = JsonWebKey & { readonly kid: string }

/** The pair by which a partner reads what is sealed to it: made once, kept in a file that only its owner may read. */
export async function readingKey(file: string, name: string): Promise<PrivateJwk> {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as PrivateJwk
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 3072 })
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: `${name}-1`, use: 'enc', alg: 'RSA-OAEP-256' }
  writeFileSync(file, JSON.stringify(jwk), { mode: 0o600 })
  return jwk
}

/** The half that the partner gives away. */
export const publicHalf = ({ kty, n, e, kid, use, alg }: PrivateJwk): JsonWebKey => ({ kty, n, e, kid, use, alg })

import { createSecretKey, generateKeyPairSync, randomBytes, type JsonWebKey, type KeyObject } from 'node:crypto'
import { account, type Opener } from 'sallyport'
import { privateKey } from '../../../functions/accounts/private-key.ts'
import { secretKey, type KeyBits } from '../../../functions/accounts/secret-key.ts'
import * as offered from '../../../functions/ciphers/jwe-algorithms.ts'
import { jwe, type JweOpening } from '../../../functions/ciphers/jwe.ts'
import { fakeIo, secrets } from '../../fake-io.ts'

export type Jwk = JsonWebKey & { readonly kid?: string; readonly alg?: string }

/** What is offered, by the names of the registry. */
export const algorithms = Object.values(offered).filter((one) => 'alg' in one)
export const encryptions = Object.values(offered).filter((one) => 'enc' in one)
export const algorithm = (name: string | undefined) => algorithms.find(({ alg }) => alg === name)
export const encryption = (name: string | undefined) => encryptions.find(({ enc }) => enc === name)

export const failed = { asymmetricMatch: (fault: unknown) => fault instanceof Error && 'code' in fault && fault.code === 'DECRYPTION_FAILED' && 'paths' in fault && String(fault.paths) === '' }

/** An opener with one key, one algorithm and one encryption, and its io: a published test gives no more. */
export function openerOf(jwk: Jwk, alg: string, enc: string, form?: JweOpening['form']): { readonly cipher: Opener; readonly io: ReturnType<typeof fakeIo> } | undefined {
  const by = algorithm(alg)
  const how = encryption(enc)
  if (by === undefined || how === undefined) return undefined
  const options = { algorithms: [by], encryptions: [how], ...form && { form } } as const
  if (jwk.kty !== 'oct') return { cipher: jwe({ key: account('key', privateKey()), ...options }), io: fakeIo(secrets({ key: JSON.stringify({ privateKey: jwk }) })) }
  const bits = Buffer.from(jwk.k ?? '', 'base64url').length * 8
  return { cipher: jwe({ key: account('key', secretKey({ bits: bits as KeyBits })), ...options, ...jwk.kid !== undefined && { kid: jwk.kid } }), io: fakeIo(secrets({ key: JSON.stringify({ secretKey: jwk.k }) })) }
}

/** Both halves of a key, new for this run. */
export interface Keys { readonly publicKey: KeyObject; readonly privateKey: KeyObject }
export const rsaKeys = (): Keys => generateKeyPairSync('rsa', { modulusLength: 2048 })
export const curveKeys = (crv: string): Keys => crv === 'X25519' ? generateKeyPairSync('x25519') : generateKeyPairSync('ec', { namedCurve: crv })
export const sharedKeys = (bytes: number): Keys => {
  const key = createSecretKey(randomBytes(bytes))
  return { publicKey: key, privateKey: key }
}

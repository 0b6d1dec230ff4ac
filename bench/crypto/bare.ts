/** What a careful engineer writes by hand: node:crypto and nothing else, for one key and one algorithm, keys imported before. */
import { constants, createCipheriv, createDecipheriv, createHash, createPublicKey, createSecretKey, diffieHellman, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes, sign, timingSafeEqual, verify, type JsonWebKey, type KeyObject } from 'node:crypto'

const url = (text: string): Buffer => Buffer.from(text, 'base64url')
const oaep = (key: KeyObject) => ({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' })

/** How a content key reaches its reader. */
export interface Way {
  readonly alg: string
  readonly seal: () => { readonly cek: Buffer; readonly wrapped: Buffer; readonly epk?: JsonWebKey }
  readonly open: (wrapped: Buffer, epk: JsonWebKey) => Buffer
}

export const rsa = (to: KeyObject, own: KeyObject): Way => ({
  alg: 'RSA-OAEP-256',
  seal() {
    const cek = randomBytes(32)
    return { cek, wrapped: publicEncrypt(oaep(to), cek) }
  },
  open: (wrapped) => privateDecrypt(oaep(own), wrapped),
})

const initial = Buffer.alloc(8, 0xa6)
function wrap(kek: KeyObject, cek: Buffer): Buffer {
  const cipher = createCipheriv('id-aes256-wrap', kek, initial)
  return Buffer.concat([cipher.update(cek), cipher.final()])
}
function unwrap(kek: KeyObject, wrapped: Buffer): Buffer {
  const decipher = createDecipheriv('id-aes256-wrap', kek, initial)
  return Buffer.concat([decipher.update(wrapped), decipher.final()])
}

export const a256Kw = (kek: KeyObject): Way => ({
  alg: 'A256KW',
  seal() {
    const cek = randomBytes(32)
    return { cek, wrapped: wrap(kek, cek) }
  },
  open: (wrapped) => unwrap(kek, wrapped),
})

export const direct = (cek: Buffer): Way => ({ alg: 'dir', seal: () => ({ cek, wrapped: Buffer.alloc(0) }), open: () => cek })

/** RFC 7518 section 4.6.2, with no party information: all but the agreed secret is constant. */
const otherInfo = Buffer.concat([Buffer.of(0, 0, 0, 14), Buffer.from('ECDH-ES+A256KW'), Buffer.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0)])
const derived = (secret: Buffer): KeyObject => createSecretKey(createHash('sha256').update(Buffer.of(0, 0, 0, 1)).update(secret).update(otherInfo).digest())

export const ecdh = (to: KeyObject, own: KeyObject): Way => ({
  alg: 'ECDH-ES+A256KW',
  seal() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const cek = randomBytes(32)
    return { cek, wrapped: wrap(derived(diffieHellman({ privateKey, publicKey: to })), cek), epk: publicKey.export({ format: 'jwk' }) }
  },
  open: (wrapped, key) => unwrap(derived(diffieHellman({ privateKey: own, publicKey: createPublicKey({ key, format: 'jwk' }) })), wrapped),
})

export function sealJwe({ alg, seal }: Way, kid: string, plain: Uint8Array): string {
  const { cek, wrapped, epk } = seal()
  const header = Buffer.from(JSON.stringify({ alg, enc: 'A256GCM', kid, epk })).toString('base64url')
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(cek), iv, { authTagLength: 16 }).setAAD(Buffer.from(header))
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()])
  return [header, wrapped.toString('base64url'), iv.toString('base64url'), ciphertext.toString('base64url'), cipher.getAuthTag().toString('base64url')].join('.')
}

export function openJwe({ alg, open }: Way, kid: string, token: string): Buffer {
  const [header = '', wrapped = '', iv = '', ciphertext = '', tag = ''] = token.split('.')
  const said = JSON.parse(url(header).toString()) as { alg?: string; enc?: string; kid?: string; epk: JsonWebKey }
  if (said.alg !== alg || said.enc !== 'A256GCM' || said.kid !== kid) throw new Error('refused')
  const decipher = createDecipheriv('aes-256-gcm', createSecretKey(open(url(wrapped), said.epk)), url(iv), { authTagLength: 16 })
  decipher.setAAD(Buffer.from(header)).setAuthTag(url(tag))
  return Buffer.concat([decipher.update(url(ciphertext)), decipher.final()])
}

/** `head ‖ IV ‖ ciphertext ‖ tag` under one key as base64url, with the same bytes authenticated as ours: the head, then a constant. */
export function sealAead(key: KeyObject, head: Buffer, aad: Buffer, plain: Uint8Array): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: 16 }).setAAD(aad)
  return Buffer.concat([head, iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64url')
}

export function openAead(key: KeyObject, head: Buffer, aad: Buffer, sealed: string): Buffer {
  const bytes = url(sealed)
  const body = head.length + 12
  if (!timingSafeEqual(bytes.subarray(0, head.length), head)) throw new Error('refused')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(head.length, body), { authTagLength: 16 }).setAAD(aad).setAuthTag(bytes.subarray(-16))
  return Buffer.concat([decipher.update(bytes.subarray(body, -16)), decipher.final()])
}

/** How node:crypto signs for an algorithm of JWA. */
export interface Signing {
  readonly alg: string
  readonly digest: string | undefined
  readonly pss?: boolean
}

const keyed = (key: KeyObject, { pss }: Signing) => pss ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } : { key, dsaEncoding: 'ieee-p1363' as const }

export function signJws(how: Signing, kid: string, key: KeyObject, plain: Uint8Array): string {
  const input = `${Buffer.from(JSON.stringify({ alg: how.alg, kid })).toString('base64url')}.${Buffer.from(plain).toString('base64url')}`
  return `${input}.${sign(how.digest, Buffer.from(input), keyed(key, how)).toString('base64url')}`
}

export function verifyJws(how: Signing, kid: string, key: KeyObject, token: string): Buffer {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const said = JSON.parse(url(header).toString()) as { alg?: string; kid?: string }
  if (said.alg !== how.alg || said.kid !== kid || !verify(how.digest, Buffer.from(`${header}.${payload}`), keyed(key, how), url(signature))) throw new Error('refused')
  return url(payload)
}

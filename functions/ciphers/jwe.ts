import {
  constants, createCipheriv, createDecipheriv, createHash, createSecretKey, diffieHellman, generateKeyPairSync, publicEncrypt, randomBytes,
} from 'node:crypto'
import { accountNeed, Fault, isFault, keyPairNeeds, readJson, type Account, type Io, type KeyPair, type Opener, type PrivateKey, type Sealed, type Sealer } from 'sallyport'
import type { PublicKey, ReadersKey } from '../accounts/public-key.ts'

/**
 * JWE in compact serialisation (RFC 7516) with A256GCM, and RSA-OAEP-256 or ECDH-ES+A256KW on P-256 (RFC 7518), on
 * node:crypto: jose does the same through the thread pool for 1.2 to 2.2 times the CPU (docs/decisions/0007). `key` opens with a pair of ours;
 * `to` seals to somebody's public key.
 */
export const jwe = <Use extends { readonly key: KeyPair } | { readonly to: Account<PublicKey> }>(use: Use): [Use] extends [{ readonly key: KeyPair }] ? Opener : Sealer =>
  ('key' in use ? opener(use.key) : sealer(use.to)) as [Use] extends [{ readonly key: KeyPair }] ? Opener : Sealer

const opener = (key: KeyPair): Opener => ({
  cipher: 'jwe',
  config: { key },
  needs: keyPairNeeds(key),
  async open(sealed, io) {
    try {
      return await open(sealed, io, key)
    } catch (error) {
      // Our own trouble (KMS down) is told apart; every cause that a sender can bring about ends alike (RFC 7516 section 11.5).
      throw isFault(error) && error.code === 'UNAVAILABLE' ? error : new Fault('DECRYPTION_FAILED')
    }
  },
})

const sealer = (to: Account<PublicKey>): Sealer => ({
  cipher: 'jwe',
  config: { to },
  needs: [accountNeed(to)],
  mediaType: 'application/jose',
  seal: async (plain, io) => seal(plain, await io.material(to)),
})

/** What a header may not hold: compression tells sizes, a critical extension is unknown, and keys come from us. */
const refused = ['zip', 'crit', 'jku', 'jwk', 'x5u', 'x5c', 'p2s', 'p2c']
const failed = (): never => { throw new Fault('DECRYPTION_FAILED') }

async function open({ sealed }: Sealed, io: Io, pair: KeyPair): Promise<Uint8Array> {
  const parts = sealed.split('.')
  if (parts.length !== 5) failed()
  const [protectedHeader, wrapped, iv, ciphertext, tag] = parts.map(strictBase64url) as [Buffer, Buffer, Buffer, Buffer, Buffer]
  if (protectedHeader.length > 4_096 || iv.length !== 12 || tag.length !== 16) failed()
  const header = readJson(protectedHeader) as Record<string, unknown>
  if (typeof header !== 'object' || header === null || refused.some((name) => Object.hasOwn(header, name)) || header['enc'] !== 'A256GCM') failed()
  const { alg, kid } = header
  if (typeof kid !== 'string' || kid.length > 128) failed()
  const key = await io.privateKey(pair, kid as string) ?? failed()

  const cek = alg === 'RSA-OAEP-256' ? await unwrapRsa(key, wrapped) : alg === 'ECDH-ES+A256KW' ? await unwrapEcdh(key, wrapped, header) : failed()
  const decipher = createDecipheriv('aes-256-gcm', createSecretKey(cek), iv, { authTagLength: 16 })
  decipher.setAAD(Buffer.from(parts[0] as string, 'latin1')).setAuthTag(tag)
  return Buffer.concat([decipher.update(ciphertext), decipher.final()])
}

/** Node's decoder passes over what is not base64url; two spellings of one token must not both open. */
function strictBase64url(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : failed()
}

/** A key that does not unwrap is replaced by a random one, so that the failure comes later and looks the same (RFC 7516 section 11.5). */
async function unwrapRsa(key: PrivateKey, wrapped: Uint8Array): Promise<Uint8Array> {
  if (key.unwrap === undefined) failed()
  try {
    const cek = await key.unwrap?.(wrapped) as Uint8Array
    if (cek.length === 32) return cek
  } catch (error) {
    if (isFault(error) && error.code === 'UNAVAILABLE') throw error
  }
  return randomBytes(32)
}

async function unwrapEcdh(key: PrivateKey, wrapped: Uint8Array, header: Record<string, unknown>): Promise<Uint8Array> {
  const epk = header['epk'] as { kty?: unknown; crv?: unknown; x?: unknown; y?: unknown; d?: unknown } | undefined
  if (key.agree === undefined || typeof epk !== 'object' || epk === null || epk.kty !== 'EC' || epk.crv !== 'P-256' || epk.d !== undefined) failed()
  const [x, y] = [epk?.x, epk?.y].map((part) => typeof part === 'string' ? strictBase64url(part) : failed()) as [Buffer, Buffer]
  if (x.length !== 32 || y.length !== 32) failed()
  const secret = await key.agree?.(x, y) as Uint8Array
  const kek = concatKdf(secret, partyInfo(header['apu']), partyInfo(header['apv']))
  const decipher = createDecipheriv('id-aes256-wrap', createSecretKey(kek), rfc3394)
  return Buffer.concat([decipher.update(wrapped), decipher.final()])
}

const partyInfo = (value: unknown): Buffer => value === undefined ? Buffer.alloc(0) : typeof value === 'string' ? strictBase64url(value) : failed()

/** RFC 3394 section 2.2.3.1. */
const rfc3394 = Buffer.alloc(8, 0xa6)
const kdfAlgorithm = lengthPrefixed(Buffer.from('ECDH-ES+A256KW'))

/** The Concat KDF of NIST SP 800-56A 5.8.1 as RFC 7518 section 4.6.2 fills it in: one round gives the 256 bits. */
function concatKdf(secret: Uint8Array, apu: Buffer, apv: Buffer): Buffer {
  return createHash('sha256').update(uint32(1)).update(secret).update(kdfAlgorithm).update(lengthPrefixed(apu)).update(lengthPrefixed(apv)).update(uint32(256)).digest()
}
function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
function lengthPrefixed(bytes: Buffer): Buffer {
  return Buffer.concat([uint32(bytes.length), bytes])
}

function seal(plain: Uint8Array, { kid, type, key }: ReadersKey): Sealed {
  const cek = randomBytes(32)
  let header: object
  let wrapped: Buffer
  if (type === 'rsa') {
    header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid }
    wrapped = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, cek)
  } else {
    const ephemeral = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const { crv, kty, x, y } = ephemeral.publicKey.export({ format: 'jwk' })
    header = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', kid, epk: { crv, kty, x, y } }
    const kek = concatKdf(diffieHellman({ privateKey: ephemeral.privateKey, publicKey: key }), Buffer.alloc(0), Buffer.alloc(0))
    const wrap = createCipheriv('id-aes256-wrap', createSecretKey(kek), rfc3394)
    wrapped = Buffer.concat([wrap.update(cek), wrap.final()])
  }
  const protectedHeader = Buffer.from(JSON.stringify(header)).toString('base64url')
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', createSecretKey(cek), iv, { authTagLength: 16 })
  cipher.setAAD(Buffer.from(protectedHeader, 'latin1'))
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()])
  return { sealed: [protectedHeader, wrapped.toString('base64url'), iv.toString('base64url'), ciphertext.toString('base64url'), cipher.getAuthTag().toString('base64url')].join('.') }
}

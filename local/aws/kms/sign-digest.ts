import { constants, createECDH, createHash, privateEncrypt, randomBytes, type KeyObject } from 'node:crypto'

/** Signatures over a digest that is ready, which node:crypto makes over messages alone. */

const lengths: Readonly<Record<string, number>> = { sha256: 32, sha384: 48, sha512: 64 }
export const digestLength = (hash: string): number => lengths[hash] ?? 0

/** The DER of DigestInfo before the digest (RFC 8017 section 9.2, note 1). */
const prefixes: Readonly<Record<string, string>> = {
  sha256: '3031300d060960864801650304020105000420', sha384: '3041300d060960864801650304020205000430', sha512: '3051300d060960864801650304020305000440',
}
const pkcs1 = (key: KeyObject, hash: string, digest: Buffer): Buffer =>
  privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([Buffer.from(prefixes[hash] ?? '', 'hex'), digest]))

/** EMSA-PSS (RFC 8017 section 9.1.1) with a salt as long as the digest. */
function pss(key: KeyObject, hash: string, digest: Buffer): Buffer {
  const bits = (key.asymmetricKeyDetails?.modulusLength ?? 0) - 1
  const [size, length] = [Math.ceil(bits / 8), digest.length]
  const salt = randomBytes(length)
  const h = createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest()
  const db = Buffer.concat([Buffer.alloc(size - 2 * length - 2), Buffer.of(1), salt])
  const mask = mgf1(hash, h, db.length)
  const masked = Buffer.from(db.map((byte, i) => byte ^ (mask[i] ?? 0)))
  masked[0] = (masked[0] ?? 0) & (0xff >> (8 * size - bits))
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, Buffer.concat([masked, h, Buffer.of(0xbc)]))
}

function mgf1(hash: string, seed: Buffer, length: number): Buffer {
  const blocks: Buffer[] = []
  for (let counter = 0; blocks.length * seed.length < length; counter++) {
    const octets = Buffer.alloc(4)
    octets.writeUInt32BE(counter)
    blocks.push(createHash(hash).update(seed).update(octets).digest())
  }
  return Buffer.concat(blocks).subarray(0, length)
}

/** Order of the base point (SP 800-186 section 3.2.1). */
const curves: Readonly<Record<string, { readonly name: string; readonly order: bigint }>> = {
  'P-256': { name: 'prime256v1', order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n },
  'P-384': { name: 'secp384r1', order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n },
  'P-521': { name: 'secp521r1', order: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n },
}
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`)

/** ECDSA (FIPS 186-5 section 6.4.1), in DER as KMS gives it. Not in constant time: it stands in for KMS on a laptop. */
function ecdsa(key: KeyObject, digest: Buffer): Buffer {
  const { crv = '', d = '' } = key.export({ format: 'jwk' })
  const curve = curves[crv]
  if (curve === undefined) throw new TypeError('no such curve')
  const { name, order } = curve
  const bits = order.toString(2).length
  const excess = BigInt(Math.max(0, digest.length * 8 - bits))
  const z = number(digest) >> excess
  for (;;) {
    const k = number(randomBytes(Math.ceil(bits / 8) + 8)) % (order - 1n) + 1n
    const point = createECDH(name)
    point.setPrivateKey(Buffer.from(k.toString(16).padStart(2 * Math.ceil(bits / 8), '0'), 'hex'))
    const r = number(point.getPublicKey().subarray(1, 1 + Math.ceil(bits / 8))) % order
    const s = inverse(k, order) * (z + r * number(Buffer.from(d, 'base64url'))) % order
    if (r !== 0n && s !== 0n) return der(Buffer.concat([integer(r), integer(s)]), 0x30)
  }
}

function inverse(value: bigint, order: bigint): bigint {
  let [a, b, x, y] = [value % order, order, 1n, 0n]
  while (a > 1n) {
    const quotient = a / b
    const rest = a % b
    a = b
    b = rest
    const next = x - quotient * y
    x = y
    y = next
  }
  return (x % order + order) % order
}

function integer(value: bigint): Buffer {
  const hex = value.toString(16)
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
  return der((bytes[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.of(0), bytes]) : bytes, 0x02)
}
const der = (content: Buffer, tag: number): Buffer => Buffer.concat([content.length > 127 ? Buffer.of(tag, 0x81, content.length) : Buffer.of(tag, content.length), content])

/** By the name that KMS has for the algorithm. */
export const signDigest = (key: KeyObject, algorithm: string, hash: string, digest: Buffer): Buffer =>
  algorithm.startsWith('RSASSA_PSS') ? pss(key, hash, digest) : algorithm.startsWith('RSASSA') ? pkcs1(key, hash, digest) : ecdsa(key, digest)

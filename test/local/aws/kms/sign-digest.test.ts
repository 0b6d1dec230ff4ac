import { constants, createHash, generateKeyPairSync, verify } from 'node:crypto'
import { expect, it } from 'vitest'
import { signDigest } from '../../../../local/aws/kms/sign-digest.ts'

const message = Buffer.from('a message of any length')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

it.each(['sha256', 'sha384', 'sha512'])('a digest of %s is signed by RSA as OpenSSL verifies the message', (hash) => {
  const digest = createHash(hash).update(message).digest()
  const size = hash.slice(3)
  expect(verify(hash, message, rsa.publicKey, signDigest(rsa.privateKey, `RSASSA_PKCS1_V1_5_SHA_${size}`, hash, digest))).toBe(true)
  const pss = { key: rsa.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  expect(verify(hash, message, pss, signDigest(rsa.privateKey, `RSASSA_PSS_SHA_${size}`, hash, digest))).toBe(true)
})
it.each([['P-256', 'sha256'], ['P-384', 'sha384'], ['P-521', 'sha512']])('on %s too, many times over', (namedCurve, hash) => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve })
  const digest = createHash(hash).update(message).digest()
  for (let i = 0; i < 40; i++) expect(verify(hash, message, publicKey, signDigest(privateKey, `ECDSA_SHA_${hash.slice(3)}`, hash, digest))).toBe(true)
  expect(verify(hash, Buffer.from('another'), publicKey, signDigest(privateKey, `ECDSA_SHA_${hash.slice(3)}`, hash, digest))).toBe(false)
})

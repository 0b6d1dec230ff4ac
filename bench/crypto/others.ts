import { constants, createSecretKey, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes } from 'node:crypto'
import { createMessage, decrypt, encrypt, generateKey, readKey, readMessage, readPrivateKey } from 'openpgp'
import { account, type Opener, type Sealer } from 'sallyport'
import { passphrase } from '../../functions/accounts/passphrase.ts'
import { pgpPrivateKey, pgpPublicKey } from '../../functions/accounts/pgp-key.ts'
import { privateKey } from '../../functions/accounts/private-key.ts'
import { publicKey } from '../../functions/accounts/public-key.ts'
import { secretKey } from '../../functions/accounts/secret-key.ts'
import { aesCbcHmac } from '../../functions/ciphers/aes-cbc-hmac.ts'
import { a256CbcHs512 } from '../../functions/ciphers/jwe/aes-cbc-hmac.ts'
import { pbe } from '../../functions/ciphers/pbe.ts'
import { pgp } from '../../functions/ciphers/pgp.ts'
import { rsaOaep } from '../../functions/ciphers/rsa-oaep.ts'
import type { Row } from '../row.ts'
import { openAead, sealAead } from './bare.ts'
import { against, type Work } from './compare.ts'
import { warm } from './warm.ts'

const plain = randomBytes(2_048)

/** Nothing is promised of these: the rows are here to be looked at. */
export async function others(): Promise<Row[]> {
  return [...await oaep(), ...await cbc(), ...await passphrases(), ...await openPgp()]
}

const both = async (name: string, other: string, [seal, open]: readonly [Work, Work], [byHand, openByHand]: readonly [Work, Work]): Promise<Row[]> => [
  ...await against(`${name}, seals`, seal, { [other]: { work: byHand, goal: null } }),
  ...await against(`${name}, opens`, open, { [other]: { work: openByHand, goal: null } }),
]

async function oaep(): Promise<Row[]> {
  const keys = generateKeyPairSync('rsa', { modulusLength: 3072 })
  const io = warm({ to: { publicKey: keys.publicKey.export({ format: 'jwk' }) }, own: { privateKey: keys.privateKey.export({ format: 'jwk' }) } })
  const field = Buffer.from('078-05-1120')
  const [sealer, opener]: [Sealer, Opener] = [rsaOaep({ to: account('to', publicKey()) }), rsaOaep({ key: account('own', privateKey()) })]
  const { sealed } = await sealer.seal(field, io)
  const how = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  return both('rsaOaep 11 bytes', 'against node:crypto', [() => sealer.seal(field, io), () => opener.open({ sealed }, io)], [
    () => publicEncrypt({ key: keys.publicKey, ...how }, field).toString('base64url'), () => privateDecrypt({ key: keys.privateKey, ...how }, Buffer.from(sealed, 'base64url')),
  ])
}

async function cbc(): Promise<Row[]> {
  const key = randomBytes(64)
  const io = warm({ large: { secretKey: key.toString('base64url') } })
  const cipher = aesCbcHmac({ key: account('large', secretKey({ bits: 512 })), context: 'loan archive' })
  const { sealed } = await cipher.seal(plain, io)
  const head = Buffer.alloc(33, 2)
  const aad = Buffer.concat([head, Buffer.from('["sallyport","loan archive",null,null]')]).toString('latin1')
  const byHand = (): string => {
    const { iv, ciphertext, tag } = a256CbcHs512.encrypt(key, plain, aad)
    return Buffer.concat([head, iv, ciphertext, tag]).toString('base64url')
  }
  const text = byHand()
  const openByHand = (): Uint8Array => {
    const bytes = Buffer.from(text, 'base64url')
    return a256CbcHs512.decrypt(key, { iv: bytes.subarray(33, 49), ciphertext: bytes.subarray(49, -32), tag: bytes.subarray(-32) }, aad)
  }
  // The algorithm of JWA is ours, too: what is compared is what the cipher adds to it.
  return both('aesCbcHmac 2 KB', 'against its algorithm', [() => cipher.seal(plain, io), () => cipher.open({ sealed }, io)], [byHand, openByHand])
}

async function passphrases(): Promise<Row[]> {
  const io = warm({ words: { passphrase: 'correct horse battery staple' } })
  const cipher = pbe({ passphrase: account('words', passphrase()), cost: 15 })
  const { sealed } = await cipher.seal(plain, io)
  const key = createSecretKey(randomBytes(32))
  const head = Buffer.alloc(53, 3)
  const aad = Buffer.concat([head, Buffer.from('["sallyport","bench",null,null]')])
  const byHand = sealAead(key, head, aad, plain)
  return both('pbe 2 KB with its key', 'against node:crypto', [() => cipher.seal(plain, io), () => cipher.open({ sealed }, io)], [() => sealAead(key, head, aad, plain), () => openAead(key, head, aad, byHand)])
}

async function openPgp(): Promise<Row[]> {
  const made = await generateKey({ userIDs: [{ email: 'bench@example.com' }], format: 'armored' })
  const io = warm({ to: { pgpPublicKey: made.publicKey }, own: { pgpPrivateKey: made.privateKey } }, { now: Date.now })
  const [sealer, opener] = [pgp({ to: account('to', pgpPublicKey()) }), pgp({ key: account('own', pgpPrivateKey()) })]
  const { sealed } = await sealer.seal(plain, io)
  const [encryptionKeys, decryptionKeys] = [await readKey({ armoredKey: made.publicKey }), await readPrivateKey({ armoredKey: made.privateKey })]
  return both('pgp 2 KB', 'against openpgp', [() => sealer.seal(plain, io), () => opener.open({ sealed }, io)], [
    async () => encrypt({ message: await createMessage({ binary: plain }), encryptionKeys }), async () => decrypt({ message: await readMessage({ armoredMessage: sealed }), decryptionKeys, format: 'binary' }),
  ])
}

import { decryptKey, enums, readKeys, readPrivateKeys, type Key, type PrivateKey } from 'openpgp'
import { Fault, type Account, type Io } from 'sallyport'
import type { ArmoredKeys, PgpPrivateKey, PgpPublicKey } from '../../accounts/pgp-key.ts'
import { policies, policy } from './policy.ts'

/** Keys that stand in one account, at most: each may be tried. */
const most = 8
const { rsaEncryptSign, rsaEncrypt, rsaSign, ecdh, ecdsa, eddsaLegacy, x25519, x448, ed25519, ed448 } = enums.publicKey
const rsa = new Set([rsaEncryptSign, rsaEncrypt, rsaSign])
const taken = new Set([...rsa, ecdh, ecdsa, eddsaLegacy, x25519, x448, ed25519, ed448])

/** Parsed once per secret text: an account's content is one object for as long as it is fresh. */
const read = new WeakMap<ArmoredKeys, Promise<readonly Key[]>>()

/** A partner's keys. Throws ACCOUNT_UNAVAILABLE. */
export const publicKeys = (io: Io, account: Account<PgpPublicKey>): Promise<readonly Key[]> =>
  keysOf(io, account, ({ armored }) => readKeys({ armoredKeys: armored, config: policy }))

/** Keys of ours, unlocked. Throws ACCOUNT_UNAVAILABLE. */
export const privateKeys = (io: Io, account: Account<PgpPrivateKey>): Promise<readonly PrivateKey[]> =>
  keysOf(io, account, async ({ armored, passphrase }) => {
    const locked = await readPrivateKeys({ armoredKeys: armored, config: policy })
    if (locked.length > most) throw new Fault('ACCOUNT_UNAVAILABLE')
    return Promise.all(locked.map(async (privateKey) => privateKey.isDecrypted() ? privateKey : decryptKey({ privateKey, passphrase: passphrase ?? '', config: policy })))
  }) as Promise<readonly PrivateKey[]>

/** The partner's key that is sealed to. Throws ACCOUNT_UNAVAILABLE for one that is expired, revoked or not for encryption. */
export const sealingKey = async (io: Io, account: Account<PgpPublicKey>): Promise<Key> =>
  usable(await publicKeys(io, account), (key) => key.getEncryptionKey(undefined, new Date(io.now()), undefined, policies))

/** Our key that signs. Throws ACCOUNT_UNAVAILABLE for one that is expired, revoked or not for signing. */
export const signingKey = async (io: Io, account: Account<PgpPrivateKey>): Promise<PrivateKey> =>
  usable(await privateKeys(io, account), (key) => key.getSigningKey(undefined, new Date(io.now()), undefined, policies))

async function usable<K>([key]: readonly K[], check: (key: K) => Promise<unknown>): Promise<K> {
  try {
    await check(key as K)
    return key as K
  } catch {
    throw new Fault('ACCOUNT_UNAVAILABLE')
  }
}

async function keysOf(io: Io, account: Account<PgpPublicKey> | Account<PgpPrivateKey>, parse: (content: ArmoredKeys) => Promise<readonly Key[]>): Promise<readonly Key[]> {
  const content = await io.material(account)
  let keys = read.get(content)
  if (keys === undefined) {
    keys = parsed(content, parse)
    read.set(content, keys)
  }
  return keys
}

async function parsed(content: ArmoredKeys, parse: (content: ArmoredKeys) => Promise<readonly Key[]>): Promise<readonly Key[]> {
  try {
    const keys = await parse(content)
    if (keys.length > 0 && keys.length <= most && keys.every(strong)) return keys
  } catch {
    // Its words may quote the key.
  }
  throw new Fault('ACCOUNT_UNAVAILABLE')
}

/** Of every part of a key, since what is sealed to any of them would be opened. */
const strong = (key: Key): boolean => key.getKeys().every(({ keyPacket }) =>
  taken.has(keyPacket.algorithm) && (!rsa.has(keyPacket.algorithm) || (keyPacket.getAlgorithmInfo().bits ?? 0) >= 2048))

import { randomBytes, type KeyObject } from 'node:crypto'
import { accountNeed, Fault, keyPairNeeds, type Account, type Io, type KeyPair, type Material, type Opener, type Sealer } from 'sallyport'
import type { KeySetAddress } from '../accounts/key-set.ts'
import type { PrivateKey } from '../accounts/private-key.ts'
import type { PublicKey } from '../accounts/public-key.ts'
import { keysOf as sharedKeys, type KeyBits, type SecretKey } from '../accounts/secret-key.ts'
import { a256Gcm } from './jwe/aes-gcm.ts'
import { failed, sizeOf, type ContentEncryption, type ContentKey, type KeyManagement, type OpeningKey, type SealingKey } from './jwe/algorithm.ts'
import { ecdhEsA256Kw } from './jwe/ecdh-es.ts'
import { compact, type Form } from './jwe/form.ts'
import { rsaOaep256 } from './jwe/rsa-oaep.ts'
import { opener } from './opener.ts'

/** What is admitted: nothing else opens. */
interface Admitted {
  /** From `sallyport/ciphers/jwe-algorithms`; the first that fits the key seals. Without it RSA-OAEP-256 and ECDH-ES+A256KW. */
  readonly algorithms?: readonly KeyManagement[]
  /** How the content is encrypted, from there too; the first of them seals. Without it A256GCM. */
  readonly encryptions?: readonly [ContentEncryption, ...ContentEncryption[]]
  /** `flattenedJson()` or `generalJson()` of `sallyport/ciphers/jwe-json`; without it the compact form. */
  readonly form?: Form
}

/** Opens with a pair of ours, or with an imported private key. */
export interface JweOpening extends Admitted {
  readonly key: KeyPair | Account<PrivateKey>
}

/** Opens and seals with a shared key, by `direct`, AES or AES-GCM key wrapping: its size is the one that they take. */
export interface JweShared extends Required<Pick<Admitted, 'algorithms' | 'encryptions'>>, Pick<Admitted, 'form'> {
  readonly key: Account<SecretKey<KeyBits>>
  /** By what name the other side knows the key: it is written, and a token that names a key names this one. */
  readonly kid?: string
}

/** Somebody's public key, or where they publish theirs. */
type Reader = Account<PublicKey> | Account<KeySetAddress>

/** Seals to somebody's public key. */
export interface JweSealing extends Admitted {
  readonly to: Reader
}

/** Seals to several at once, 16 at most, which only the general JSON form can: `generalJson()`. */
export interface JweSealingToAll extends Admitted {
  readonly to: readonly Reader[]
  readonly form: Form & { readonly several: true }
}

/**
 * JWE (RFC 7516) with A256GCM, and RSA-OAEP-256 or ECDH-ES+A256KW (RFC 7518) unless others are named, on node:crypto: jose
 * does the same through the thread pool for 1.2 to 2.2 times the CPU (docs/decisions/0007). `key` opens, `to` seals; a shared `key` does both.
 *
 * A pair of ours unwraps by RSA-OAEP-256 and agrees on P-256, and a token must say by `kid` which half it is for. An
 * imported key does all of its type, and takes a token for one reader that names no key. Refused: other algorithms than
 * those named, `zip`, `crit`, keys in the header, a header over 4,096 bytes, a token over 4 MiB. Where in a
 * payload a token stands is not bound: the format has no place for it that other software would fill alike.
 *
 * Throws a TypeError for options that do not go together. Opening throws DECRYPTION_FAILED, UNAVAILABLE, ACCOUNT_UNAVAILABLE;
 * sealing ACCOUNT_UNAVAILABLE, also where no algorithm fits the reader's key.
 */
export function jwe(use: JweOpening): Opener
export function jwe(use: JweShared): Opener & Sealer
export function jwe(use: JweSealing | JweSealingToAll): Sealer
export function jwe(use: JweOpening | JweShared | JweSealing | JweSealingToAll): Opener | Sealer {
  const { algorithms = [rsaOaep256, ecdhEsA256Kw], encryptions = [a256Gcm], form = compact, key, to = key, kid } = use as Named
  for (const { check } of [...algorithms, form]) check?.(use)
  const keys = [to].flat() as (KeyPair | Held)[]
  const what = { cipher: 'jwe', config: use, needs: keys.flatMap((key) => isPair(key) ? keyPairNeeds(key) : isPublished(key) ? [] : accountNeed(key)) }
  const load = async (io: Io, account: Held | Account<KeySetAddress>): Promise<SealingKey & OpeningKey> => {
    if (isPublished(account)) return account.how.choose(await io.keySet(account), algorithms.map((algorithm) => (key) => fits(key)(algorithm))) ?? unavailable()
    const content = await io.material(account)
    if ('key' in content) return content
    const known = shared.get(content)
    if (known !== undefined) return known
    const [secret, ...others] = sharedKeys(content).map((key) => ({ type: 'secret' as const, key, kid })) as [SealingKey, ...SealingKey[]]
    const made = { ...secret, others }
    shared.set(content, made)
    return made
  }
  /** Shared keys as they are used. */
  const shared = new WeakMap<KeyObject, SealingKey & OpeningKey>()

  const sealer: Sealer = {
    ...what,
    mediaType: form.mediaType,
    async seal(plain, io) {
      const [enc] = encryptions
      let cek: ContentKey | undefined
      const drawn = (): Uint8Array => (cek ??= randomBytes(enc.bytes)) as Uint8Array
      const recipients = []
      for (const account of keys) {
        const key = await load(io, account as Held)
        const algorithm = algorithms.find(fits(key)) ?? unavailable()
        const { header, wrapped, cek: own } = algorithm.wrap(key, drawn, enc)
        cek ??= own
        recipients.push({ header: { alg: algorithm.alg, kid: key.kid, ...header }, wrapped })
      }
      return { sealed: form.write(recipients, enc.enc, (aad) => enc.encrypt(cek ?? drawn(), plain, aad)) }
    },
  }
  return key === undefined ? sealer : {
    ...!isPair(key) && 'bits' in key.how && sealer,
    ...opener({
      ...what,
      async open({ sealed }, io) {
        if (sealed.length > largest) failed()
        const token = form.read(sealed)
        for (const { header, wrapped } of token.recipients) {
          const { alg, enc, kid } = header
          const mine = !isPair(key) ? await load(io, key) : typeof kid === 'string' ? await io.privateKey(key, kid) : undefined
          let meant = false
          let thrown: unknown
          for (const each of withFormer(mine)) {
            // A token for several readers says by name which of them is meant.
            const algorithm = (kid === undefined ? token.recipients.length === 1 : kid === (each.kid ?? kid)) && algorithms.find((one) => one.alg === alg && fits(each)(one))
            if (!algorithm) continue
            meant = true
            try {
              const encryption = encryptions.find((encryption) => encryption.enc === enc) ?? failed()
              const cek = await algorithm.unwrap(each, wrapped.length > longest ? failed() : wrapped, header, encryption)
              return encryption.decrypt(sizeOf(cek) === encryption.bytes ? cek : failed(), token, token.aad)
            } catch (error) {
              thrown = error
            }
          }
          if (meant) throw thrown
        }
        return failed()
      },
    }),
  }
}

/** The options as they are read: which of them go together is a matter of the types above. */
interface Named extends Admitted {
  readonly key?: KeyPair | Held
  readonly to?: KeyPair | Held | readonly Held[]
  readonly kid?: string
}
/** An account of a reader's key, an imported one, or a shared one. */
type Held = Account<Material<string, (SealingKey & OpeningKey) | KeyObject>>

const unavailable = (): never => { throw new Fault('ACCOUNT_UNAVAILABLE') }

const isPublished = (account: Account<object>): account is Account<KeySetAddress> => 'choose' in account.how
/** A key of an account, and those that it had before. */
const withFormer = (key: OpeningKey | undefined): readonly OpeningKey[] => key === undefined ? [] : key.others === undefined ? [key] : [key, ...key.others]

const isPair = (key: { readonly kind: string }): key is KeyPair => key.kind === 'key-pair'

const fits = ({ type, alg }: OpeningKey) => (algorithm: KeyManagement): boolean => algorithm.keys === type && (alg ?? algorithm.alg) === algorithm.alg

/** Characters of a token: as large as a body. */
const largest = 4_194_304
/** Bytes of an encrypted key: those of the largest RSA modulus. */
const longest = 1_024

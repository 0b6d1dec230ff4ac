import { constants, privateDecrypt, publicEncrypt, type KeyObject } from 'node:crypto'
import { accountNeed, Fault, keyPairNeeds, type Account, type Io, type KeyPair, type Opener, type Sealer, type Where } from 'sallyport'
import type { PrivateKey } from '../../accounts/private-key.ts'
import type { PublicKey } from '../../accounts/public-key.ts'
import { bytesIn, knownEncoding, type Encoding } from '../fields/encoding.ts'
import { opener } from '../opener.ts'
import { bound } from '../parts/context.ts'
import { firstThat } from '../parts/first-that.ts'
import { rsaKey, rsaKeys } from './key.ts'

/** How the text is written, and what is in it. */
export interface Form {
  /** How the ciphertext is written. */
  readonly encoding?: Encoding
  /**
   * Where what is sealed is a key that stands in the payload as text in this encoding: its bytes are sealed, and opening
   * gives the text again.
   */
  readonly wraps?: Encoding
  /** Whether the name of the key and a dot stand before the ciphertext. */
  readonly kid?: boolean
  /**
   * Whether the text is bound, by the label of OAEP, to the path of the field and to the context. A partner's software does
   * not know that label.
   * @default false
   */
  readonly bind?: boolean
  /**
   * With `bind`, what the sealed text is for, where another pipeline opens it: it opens under the same words alone.
   * @default - the name of the pipeline
   */
  readonly context?: string
}

/** Seals to somebody's public key. */
export interface OaepSealing extends Form {
  readonly to: Account<PublicKey>
}

/** Opens with an imported private key. */
export interface OaepOpening extends Form {
  readonly key: Account<PrivateKey>
}

/** Opens with a pair of ours: by SHA-256, and with the name of the key before the ciphertext, which says which half it is for. */
export interface OaepOpeningByPair extends Pick<Form, 'encoding' | 'wraps'> {
  readonly key: KeyPair
}

/** One way of OAEP. */
export interface Oaep {
  readonly cipher: string
  /** The exported function, for what is said of its options. */
  readonly called: string
  readonly config: object
  /** The hash of label and mask in node:crypto, its bytes, and what a JWK calls the algorithm. */
  readonly hash: { readonly name: string; readonly bytes: number; readonly alg: string }
}

type Options = OaepSealing | OaepOpening | OaepOpeningByPair
/** The options as they are read: which of them go together is a matter of the types above. */
type Named = Form & { readonly to?: Account<PublicKey>; readonly key?: KeyPair | Account<PrivateKey> }

/** Characters of a text: what 8,192 bits are in hex, and as many for a name. */
const longest = 4_096
/** Of the modulus of a pair of ours. */
const pairBytes = 384

/** RSAES-OAEP (RFC 8017 section 7.1). Throws a TypeError for options that do not go together. */
export function oaep(options: Options, { cipher, called, config, hash }: Oaep): Opener | Sealer {
  const { to, key, encoding = 'base64url', wraps, bind = false, context } = options as Named
  const pair = isPair(key) ? key : undefined
  const { kid = pair !== undefined } = options as Named
  knownEncoding(`${called}, encoding`, encoding)
  if (wraps !== undefined) knownEncoding(`${called}, wraps`, wraps)
  if (to?.kind !== 'account' && key?.kind !== 'account' && pair === undefined) throw new TypeError(`${called}: write to: account('name', publicKey()) to seal, or key: to open`)
  if (context !== undefined && (!bind || context.trim() === '')) throw new TypeError(`${called}, context: say what the sealed text is for, with bind: true, or leave it out`)
  if (pair !== undefined && (bind || !kid || hash.name !== 'sha256')) throw new TypeError(`${called}, key: a pair of ours opens by sha-256, with kid and without bind`)

  const padded = (key: KeyObject, io: Io, where?: Where) => ({
    key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash.name,
    ...bind && { oaepLabel: Buffer.from(bound(context, io, where)) },
  })
  const what = { cipher, config: { ...config, to, key, encoding, wraps, kid, bind, context } }

  if (to !== undefined) return {
    ...what,
    mediaType: 'application/octet-stream',
    needs: [accountNeed(to)],
    async seal(plain, io, where) {
      const reader = await rsaKey(io, to, hash.alg)
      const bytes = wraps === undefined ? plain : keyBytes(wraps, plain, where)
      if (bytes.length > reader.bytes - 2 * hash.bytes - 2) throw new Fault('PAYLOAD_TOO_LARGE', [where?.field ?? '$'])
      const text = publicEncrypt(padded(reader.key, io, where), bytes).toString(encoding)
      return { sealed: kid ? `${reader.kid}.${text}` : text }
    },
  }
  return opener({
    ...what,
    needs: pair === undefined ? [accountNeed(key as Account<PrivateKey>)] : keyPairNeeds(pair),
    async open({ sealed }, io, where) {
      if (sealed.length > longest) throw new Error('longer than any key makes it')
      const dot = sealed.lastIndexOf('.')
      if (kid ? dot < 1 : dot >= 0) throw new Error('a name of a key where there should be none, or none')
      const name = sealed.slice(0, Math.max(dot, 0))
      const bytes = bytesIn(encoding, sealed.slice(dot + 1))
      const plain = pair === undefined ? await byAccount(name, bytes, io, where) : await byPair(pair, name, bytes, io)
      return wraps === undefined ? plain : Buffer.from(Buffer.from(plain).toString(wraps))
    },
  })

  async function byAccount(name: string, bytes: Buffer, io: Io, where: Where | undefined): Promise<Uint8Array> {
    const mine = await rsaKeys(io, key as Account<PrivateKey>, hash.alg)
    // OpenSSL takes a ciphertext without its leading zeros; RFC 8017 section 7.1.2 does not.
    const meant = mine.filter((each) => bytes.length === each.bytes && (!kid || name === each.kid))
    return firstThat(meant, (each) => privateDecrypt(padded(each.key, io, where), bytes))
  }
}

async function byPair(pair: KeyPair, name: string, bytes: Buffer, io: Io): Promise<Uint8Array> {
  const unwrap = bytes.length === pairBytes ? (await io.privateKey(pair, name))?.unwrap : undefined
  if (unwrap === undefined) throw new Error('not for this pair')
  return unwrap(bytes)
}

const isPair = (key: { readonly kind: string } | undefined): key is KeyPair => key?.kind === 'key-pair'

/** Of a key that is sealed. Throws PAYLOAD_INVALID with the path where the text is not in its encoding. */
function keyBytes(encoding: Encoding, plain: Uint8Array, where: Where | undefined): Buffer {
  try {
    return bytesIn(encoding, Buffer.from(plain).toString())
  } catch {
    throw new Fault('PAYLOAD_INVALID', [where?.field ?? '$'])
  }
}

import type { KeyObject } from 'node:crypto'
import { Fault } from 'sallyport'

/** A JOSE header (RFC 7516 section 4), joined of its parts, as a strict reader reads it. */
export type Header = Readonly<Record<string, unknown>>

interface KeyOf {
  readonly type: 'rsa' | 'ec' | 'secret'
  /** What tokens call it. */
  readonly kid?: string | undefined
  /** The one algorithm that the key is for; absent: any of its type. */
  readonly alg?: string | undefined
  /** Absent: P-256. */
  readonly crv?: string | undefined
}

/** What opens: the private half of a pair, an imported private key, or a shared one. */
export interface OpeningKey extends KeyOf {
  readonly key?: KeyObject
  /** RSA-OAEP, SHA-256 unless said otherwise, the mask made by the same hash. */
  readonly unwrap?: (wrapped: Uint8Array, hash?: string) => Uint8Array | Promise<Uint8Array>
  /** ECDH with the point of a sender, as the coordinates of an `epk`; X25519 has no y. */
  readonly agree?: (x: Uint8Array, y: Uint8Array) => Uint8Array | Promise<Uint8Array>
  /** Of an imported key: those that it had before. */
  readonly others?: readonly OpeningKey[]
}

/** What seals: somebody's public key, or a shared one. */
export interface SealingKey extends KeyOf {
  readonly key: KeyObject
}

/** A content key on its way to a reader: the header members that go with it, and `cek` where the algorithm has made its own. */
export interface Wrapped {
  readonly header?: object
  readonly wrapped: Buffer
  readonly cek?: ContentKey
}

/** Under which the content is encrypted: its bytes, or where they are a key already, that. */
export type ContentKey = Uint8Array | KeyObject

/** How a content key reaches its reader: one algorithm of RFC 7518 section 4. */
export interface KeyManagement {
  readonly alg: string
  readonly keys: KeyOf['type']
  /** Throws a TypeError for the options of a cipher that it does not go with. */
  readonly check?: ((use: Use) => void) | undefined
  /** `cek`: draws the content key, unless the algorithm makes its own. */
  readonly wrap: (key: SealingKey, cek: () => Uint8Array, enc: ContentEncryption) => Wrapped
  /** May throw anything: whatever it throws ends in the one fault of the cipher. */
  readonly unwrap: (key: OpeningKey, wrapped: Buffer, header: Header, enc: ContentEncryption) => ContentKey | Promise<ContentKey>
}

/** What an algorithm or a form may look at, to say that it does not go with it. */
export interface Use {
  readonly key?: { readonly kind: string; readonly how?: object }
  readonly to?: unknown
  readonly encryptions?: readonly ContentEncryption[]
}

/** What content encryption leaves, or opens. */
export interface Encrypted {
  readonly iv: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

/** How the content is encrypted and authenticated: one algorithm of RFC 7518 section 5. `aad` is ASCII text. */
export interface ContentEncryption {
  readonly enc: string
  /** Bytes of its key. */
  readonly bytes: number
  readonly encrypt: (cek: ContentKey, plain: Uint8Array, aad: string) => Encrypted
  /** May throw anything, as `unwrap`. */
  readonly decrypt: (cek: ContentKey, encrypted: Encrypted, aad: string) => Uint8Array
}

/** Of a key its bytes, and how many they are. */
export const bytesOf = (cek: ContentKey): Uint8Array => cek instanceof Uint8Array ? cek : cek.export()
export const sizeOf = (cek: ContentKey): number | undefined => cek instanceof Uint8Array ? cek.length : cek.symmetricKeySize

export const failed = (): never => { throw new Fault('DECRYPTION_FAILED') }

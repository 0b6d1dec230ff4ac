import { named, type Custody, type Key, type Need, type Resource, type Table } from './resource.ts'

/** Where the claims of `deduplicate` are. */
export const ledgerTable: Table = { kind: 'table', name: 'ledger' }
/** The sparse index of what waits in it. */
export const openLedger: Table = { kind: 'table', name: 'ledger-open' }
/** Where the wrapped key pairs are. */
export const keysTable: Table = { kind: 'table', name: 'keys' }

/** An encryption key pair of ours: an RSA and a P-256 one, both published in the JWKS under `use: enc`. */
export interface KeyPair extends Resource<'key-pair'> {
  readonly custody: Custody
  readonly generation: number
  readonly rotateDays: number | undefined
}

/** How a key is renewed. What it produced before still opens, and is still verified. */
export interface Rotation {
  /**
   * Days after which a key in custody `wrapped` is renewed by itself.
   * @default 365; of a hash key never
   */
  readonly rotateDays?: number
  /**
   * Of a key in custody `hsm`, which KMS cannot renew: raised by one and deployed, there is a new one beside the old.
   * @default 1
   */
  readonly generation?: number
}

function rotation(what: string, custody: Custody, { rotateDays, generation = 1 }: Rotation): { readonly generation: number; readonly rotateDays: number | undefined } {
  // All versions are kept: a transaction takes a hundred, which are eight years of months.
  if (rotateDays !== undefined && !(Number.isInteger(rotateDays) && rotateDays >= 30 && rotateDays <= 3_660)) throw new TypeError(`${what}: rotateDays is a whole number, 30 to 3660`)
  if (!Number.isInteger(generation) || generation < 1 || generation > 20) throw new TypeError(`${what}: generation is a whole number, 1 to 20`)
  if (custody === 'hsm' ? rotateDays !== undefined : generation > 1) throw new TypeError(`${what}: ${custody === 'hsm' ? 'KMS renews no key pair of its own; raise generation instead of rotateDays' : 'a wrapped key is rotated, not given another generation'}`)
  return { generation, rotateDays: custody === 'hsm' ? undefined : rotateDays ?? 365 }
}

/** A pair by its name, and where its private halves are kept. Throws a TypeError for a name that cannot be. */
export const keyPair = (name: string, { custody, ...options }: { readonly custody: Custody } & Rotation): KeyPair => ({
  kind: 'key-pair', name: named('key pair', name), custody, ...rotation(`key pair ${name}`, custody, options),
})

/** What opening with a pair needs. `wrapped`: unwrap once per environment. `hsm`: KMS unwraps or agrees for every message. */
export const keyPairNeeds = ({ name, custody, generation, rotateDays }: KeyPair): Need[] => custody === 'wrapped'
  ? [
      { resource: keysTable, actions: ['dynamodb:Query'] },
      { resource: { kind: 'key', name, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', rotateDays, pair: { name, custody } } satisfies Key, actions: ['kms:Decrypt'] },
    ]
  : generations(generation).flatMap((each) => [
      { resource: hsmKey(name, 'rsa', each), actions: ['kms:Decrypt'] },
      { resource: hsmKey(name, 'ec', each), actions: ['kms:DeriveSharedSecret'] },
    ])

/** From the first one to the newest. */
export const generations = (newest: number): number[] => Array.from({ length: newest }, (_, i) => i + 1)

/** The KMS key behind one half of a pair in custody `hsm`. */
export const hsmKey = (name: string, type: 'rsa' | 'ec', generation = 1): Key => {
  const called = `${name}-${type}${generation === 1 ? '' : `-${generation}`}`
  return type === 'rsa'
    ? { kind: 'key', name: called, spec: 'RSA_3072', usage: 'ENCRYPT_DECRYPT', pair: { name, custody: 'hsm', generation } }
    : { kind: 'key', name: called, spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT', pair: { name, custody: 'hsm', generation } }
}

/** A KMS key under which data keys are wrapped, for fields, payloads and files that are sealed by an envelope. KMS renews it by itself, once a year. */
export type EnvelopeKey = Resource<'envelope-key'>

/** An envelope key by its name. Throws a TypeError for a name that cannot be. */
export const envelopeKey = (name: string): EnvelopeKey => ({ kind: 'envelope-key', name: named('envelope key', name) })

/** The KMS key that wraps the data keys. */
export const envelopeKeyOf = ({ name }: EnvelopeKey): Key => ({ kind: 'key', name, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT' })

/** Under which the first replies of messages with an `Idempotency-Key` are kept. */
export const repliesKey: EnvelopeKey = envelopeKey('replies')

/** How a key signs (RFC 7518 section 3.1, RFC 8037): one algorithm bound to one key. */
export type SigningAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA'

/** A signing key pair of ours, its public half in the JWKS under `use: sig`. */
export interface SigningKey extends Resource<'signing-key'> {
  readonly custody: Custody
  readonly algorithm: SigningAlgorithm
  readonly generation: number
  /** Whether the generation after it is published already. */
  readonly announced: boolean
  readonly rotateDays: number | undefined
}

/** A signing key by its name, where its private half is kept, and the one algorithm that it signs by. Throws a TypeError for a name that cannot be. */
export const signingKey = (name: string, { custody, algorithm = 'ES256', announced = false, ...options }: Rotation & {
  readonly custody: Custody
  readonly algorithm?: SigningAlgorithm
  /** Of a key in custody `hsm`: publishes the next generation, which `generation` then begins to sign with in a later deployment. */
  readonly announced?: boolean
}): SigningKey => ({
  kind: 'signing-key', name: named('signing key', name), custody, algorithm, announced, ...rotation(`signing key ${name}`, custody, options),
})

/** The KMS key spec behind each algorithm. */
export const signingSpec = (algorithm: SigningAlgorithm): Key['spec'] =>
  algorithm.startsWith('ES') ? `ECC_NIST_P${algorithm === 'ES256' ? '256' : algorithm === 'ES384' ? '384' : '521'}` : algorithm === 'EdDSA' ? 'ECC_NIST_EDWARDS25519' : 'RSA_3072'

/** What signing with a key, and verifying what it signed, needs. `wrapped`: unwrap once per environment. `hsm`: KMS signs every message. */
export const signingKeyNeeds = ({ name, custody, algorithm, generation, announced, rotateDays }: SigningKey): Need[] => custody === 'wrapped'
  ? [
      { resource: keysTable, actions: ['dynamodb:Query'] },
      { resource: { kind: 'key', name, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', rotateDays, pair: { name, custody, algorithm } } satisfies Key, actions: ['kms:Decrypt'] },
    ]
  : generations(generation + Number(announced)).map((each) => ({
      // Those before it as well: keys are deployed first, and functions that run until they are sign with the last one.
      resource: hsmSigningKey(name, algorithm, each), actions: each <= generation ? ['kms:GetPublicKey', 'kms:Sign'] : ['kms:GetPublicKey'],
    }))

/** The KMS key behind one generation of a signing key in custody `hsm`. */
export const hsmSigningKey = (name: string, algorithm: SigningAlgorithm, generation: number): Key => ({
  kind: 'key', name: generation === 1 ? name : `${name}-${generation}`, spec: signingSpec(algorithm), usage: 'SIGN_VERIFY', pair: { name, custody: 'hsm', algorithm, generation },
})

/** A key for digests: an HMAC key in KMS, which is only ever asked for the MAC of a label; that MAC keys the digests. */
export interface HashKey extends Resource<'hash-key'> {
  readonly custody: 'wrapped'
  readonly rotateDays?: number | undefined
}

/** A key for digests by its name. Throws a TypeError for a name that cannot be. */
export const hashKey = (name: string, { rotateDays }: Pick<Rotation, 'rotateDays'> = {}): HashKey => ({
  kind: 'hash-key', name: named('hash key', name), custody: 'wrapped', rotateDays: rotateDays === undefined ? undefined : rotation(`hash key ${name}`, 'wrapped', { rotateDays }).rotateDays,
})

/** The KMS key that is asked for the MAC of a label. */
export const hashKeyOf = ({ name, rotateDays }: HashKey): Key => ({ kind: 'key', name, spec: 'HMAC_256', usage: 'GENERATE_VERIFY_MAC', ...rotateDays !== undefined && { rotateDays } })

/** What digesting with a key needs: to know its versions, and the MAC of a label for each. */
export const hashKeyNeeds = (key: HashKey): Need[] => [
  { resource: keysTable, actions: ['dynamodb:Query'] },
  { resource: hashKeyOf(key), actions: ['kms:GenerateMac'] },
]

/** The realm's own: what keys the ledger where a definition names no identifier. */
export const ledgerKey: HashKey = hashKey('ledger')

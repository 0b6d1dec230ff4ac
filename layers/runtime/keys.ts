import { named, type Custody, type Key, type Need, type Resource, type Table } from './resource.ts'

/** Where the claims of `deduplicate` are. */
export const ledgerTable: Table = { kind: 'table', name: 'ledger' }
/** Where the wrapped key pairs are. */
export const keysTable: Table = { kind: 'table', name: 'keys' }

/** An encryption key pair of ours: an RSA and a P-256 one, both published in the JWKS under `use: enc`. */
export interface KeyPair extends Resource<'key-pair'> {
  readonly custody: Custody
}

/** A pair by its name, and where its private halves are kept. Throws a TypeError for a name that cannot be. */
export const keyPair = (name: string, { custody }: { readonly custody: Custody }): KeyPair => ({
  kind: 'key-pair', name: named('key pair', name), custody,
})

/** What opening with a pair needs. `wrapped`: unwrap once per environment. `hsm`: KMS unwraps or agrees for every message. */
export const keyPairNeeds = ({ name, custody }: KeyPair): Need[] => custody === 'wrapped'
  ? [
      { resource: keysTable, actions: ['dynamodb:Query'] },
      { resource: { kind: 'key', name, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', pair: { name, custody } } satisfies Key, actions: ['kms:Decrypt'] },
    ]
  : [
      { resource: hsmKey(name, 'rsa'), actions: ['kms:Decrypt'] },
      { resource: hsmKey(name, 'ec'), actions: ['kms:DeriveSharedSecret'] },
    ]

/** The KMS key behind one half of a pair in custody `hsm`. */
export const hsmKey = (name: string, type: 'rsa' | 'ec'): Key => type === 'rsa'
  ? { kind: 'key', name: `${name}-rsa`, spec: 'RSA_3072', usage: 'ENCRYPT_DECRYPT', pair: { name, custody: 'hsm' } }
  : { kind: 'key', name: `${name}-ec`, spec: 'ECC_NIST_P256', usage: 'KEY_AGREEMENT', pair: { name, custody: 'hsm' } }

/** How a key signs (RFC 7518 section 3.1, RFC 8037): one algorithm bound to one key. */
export type SigningAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA'

/** A signing key pair of ours, its public half in the JWKS under `use: sig`. */
export interface SigningKey extends Resource<'signing-key'> {
  readonly custody: Custody
  readonly algorithm: SigningAlgorithm
}

/** A signing key by its name, where its private half is kept, and the one algorithm that it signs by. Throws a TypeError for a name that cannot be. */
export const signingKey = (name: string, { custody, algorithm = 'ES256' }: { readonly custody: Custody; readonly algorithm?: SigningAlgorithm }): SigningKey => ({
  kind: 'signing-key', name: named('signing key', name), custody, algorithm,
})

/** The KMS key spec behind each algorithm. */
export const signingSpec = (algorithm: SigningAlgorithm): Key['spec'] =>
  algorithm.startsWith('ES') ? `ECC_NIST_P${algorithm === 'ES256' ? '256' : algorithm === 'ES384' ? '384' : '521'}` : algorithm === 'EdDSA' ? 'ECC_NIST_EDWARDS25519' : 'RSA_3072'

/** What signing with a key, and verifying what it signed, needs. `wrapped`: unwrap once per environment. `hsm`: KMS signs every message. */
export const signingKeyNeeds = ({ name, custody, algorithm }: SigningKey): Need[] => custody === 'wrapped'
  ? [
      { resource: keysTable, actions: ['dynamodb:Query'] },
      { resource: { kind: 'key', name, spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', pair: { name, custody, algorithm } } satisfies Key, actions: ['kms:Decrypt'] },
    ]
  : [{ resource: { kind: 'key', name, spec: signingSpec(algorithm), usage: 'SIGN_VERIFY', pair: { name, custody, algorithm } } satisfies Key, actions: ['kms:GetPublicKey', 'kms:Sign'] }]

/** A key for digests: an HMAC key in KMS, which is only ever asked for the MAC of a label; that MAC keys the digests. */
export interface HashKey extends Resource<'hash-key'> {
  readonly custody: 'wrapped'
}

/** A key for digests by its name. Throws a TypeError for a name that cannot be. */
export const hashKey = (name: string): HashKey => ({ kind: 'hash-key', name: named('hash key', name), custody: 'wrapped' })

/** What digesting with a key needs: the MAC of a label. */
export const hashKeyNeed = ({ name }: HashKey): Need => ({
  resource: { kind: 'key', name, spec: 'HMAC_256', usage: 'GENERATE_VERIFY_MAC' } satisfies Key, actions: ['kms:GenerateMac'],
})

/** The realm's own: what keys the ledger where a definition names no identifier. */
export const ledgerKey: HashKey = hashKey('ledger')

import { generateKeyPair, randomBytes, type KeyObject } from 'node:crypto'

export type Usage = 'ENCRYPT_DECRYPT' | 'SIGN_VERIFY' | 'GENERATE_VERIFY_MAC' | 'KEY_AGREEMENT'

/** What a key of one spec can do. `make` gives its secret: raw bytes, or PKCS #8 for a key pair. */
export type Spec = {
  readonly usages: readonly Usage[]
  readonly algorithms: Readonly<Partial<Record<Usage, readonly string[]>>>
  readonly make: () => Promise<Buffer>
  readonly pair: boolean
}

const pkcs8 = (key: KeyObject): Buffer => key.export({ type: 'pkcs8', format: 'der' })

// On the thread pool: an RSA-4096 pair takes most of a second.
const rsaPair = (modulusLength: number) => () => new Promise<Buffer>((resolve, reject) => {
  generateKeyPair('rsa', { modulusLength }, (error, _, secret) => (error ? reject(error) : resolve(pkcs8(secret))))
})

const ecPair = (namedCurve: string) => () => new Promise<Buffer>((resolve, reject) => {
  generateKeyPair('ec', { namedCurve }, (error, _, secret) => (error ? reject(error) : resolve(pkcs8(secret))))
})

const symmetric = (size: number) => () => Promise.resolve(randomBytes(size))

const rsa = (modulusLength: number): Spec => ({
  usages: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'],
  algorithms: {
    ENCRYPT_DECRYPT: ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'],
    SIGN_VERIFY: ['RSASSA_PKCS1_V1_5_SHA_256', 'RSASSA_PKCS1_V1_5_SHA_384', 'RSASSA_PKCS1_V1_5_SHA_512',
      'RSASSA_PSS_SHA_256', 'RSASSA_PSS_SHA_384', 'RSASSA_PSS_SHA_512'],
  },
  make: rsaPair(modulusLength),
  pair: true,
})

const curve = (namedCurve: string, signing: string): Spec => ({
  usages: ['SIGN_VERIFY', 'KEY_AGREEMENT'],
  algorithms: { SIGN_VERIFY: [signing], KEY_AGREEMENT: ['ECDH'] },
  make: ecPair(namedCurve),
  pair: true,
})

const mac = (bits: number): Spec => ({
  usages: ['GENERATE_VERIFY_MAC'],
  algorithms: { GENERATE_VERIFY_MAC: [`HMAC_SHA_${bits}`] },
  make: symmetric(bits / 8),
  pair: false,
})

/** Every key spec of this stand-in. */
export const specs = {
  SYMMETRIC_DEFAULT: {
    usages: ['ENCRYPT_DECRYPT'],
    algorithms: { ENCRYPT_DECRYPT: ['SYMMETRIC_DEFAULT'] },
    make: symmetric(32),
    pair: false,
  },
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  ECC_NIST_P256: curve('P-256', 'ECDSA_SHA_256'),
  ECC_NIST_P384: curve('P-384', 'ECDSA_SHA_384'),
  ECC_NIST_P521: curve('P-521', 'ECDSA_SHA_512'),
  ECC_NIST_EDWARDS25519: {
    usages: ['SIGN_VERIFY'],
    algorithms: { SIGN_VERIFY: ['ED25519_SHA_512'] },
    make: () => new Promise<Buffer>((resolve, reject) => {
      generateKeyPair('ed25519', undefined, (error, _, secret) => (error ? reject(error) : resolve(pkcs8(secret))))
    }),
    pair: true,
  },
  HMAC_256: mac(256),
  HMAC_384: mac(384),
  HMAC_512: mac(512),
} as const satisfies Readonly<Record<string, Spec>>

export type SpecName = keyof typeof specs
export const specNames = Object.keys(specs) as readonly SpecName[]

export const specOf = (name: SpecName): Spec => specs[name]

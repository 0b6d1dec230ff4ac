/**
 * What a pipeline names and the AWS thing that stands behind it. A constant of this file is plain data: it is read
 * by the runtime (which variable holds its address), by infra (what to create, whom to admit) and by the manifest.
 */

/** Something infra provides: the function that needs it finds its address in the environment, see {@link variable}. */
export interface Resource<Kind extends string = string> {
  readonly kind: Kind
  readonly name: string
}

/** A resource a step touches, and the exact IAM actions it performs there. */
export interface Need {
  readonly resource: Resource | Key
  readonly actions: readonly string[]
}

/** A DynamoDB table of the realm: the ledger, the wrapped key pairs, or what became of messages that nobody waits for. */
export interface Table extends Resource<'table'> {
  readonly name: 'ledger' | 'ledger-open' | 'keys' | 'outcomes' | 'outcomes-failures' | 'outcomes-entities'
}

/** One KMS key: one custody, one use. */
export interface Key extends Resource<'key'> {
  readonly spec: 'SYMMETRIC_DEFAULT' | 'HMAC_256' | 'RSA_3072' | 'ECC_NIST_P256' | 'ECC_NIST_P384' | 'ECC_NIST_P521' | 'ECC_NIST_EDWARDS25519'
  readonly usage: 'ENCRYPT_DECRYPT' | 'GENERATE_VERIFY_MAC' | 'KEY_AGREEMENT' | 'SIGN_VERIFY'
  /**
   * The pair of which this key wraps (custody `wrapped`) or is (custody `hsm`) a part; its public half is in the JWKS.
   * With an algorithm it signs, else it opens.
   */
  readonly pair?: { readonly name: string; readonly custody: Custody; readonly algorithm?: string; readonly generation?: number }
  /** Days after which what it wraps, or derives, is made anew. */
  readonly rotateDays?: number | undefined
}

/** `hsm`: KMS does the operation. `wrapped`: made by KMS, unwrapped once per execution environment. */
export type Custody = 'hsm' | 'wrapped'

/** The environment variable in which a function finds a resource's address: `ACCOUNT_ACQUIRER_KEY`. */
export const variable = ({ kind, name }: Resource): string => `${kind}_${name}`.replaceAll('-', '_').toUpperCase()

/** Lower-case words joined by hyphens, at most 40 characters: it becomes part of ARNs, variables and alarm names. */
export function named(kind: string, name: string): string {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) || name.length > 40) {
    throw new TypeError(`${kind} name ${JSON.stringify(name)}: write lower-case words joined by hyphens, at most 40 characters`)
  }
  return name
}

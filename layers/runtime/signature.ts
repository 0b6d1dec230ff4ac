import type { Io } from './io.ts'
import type { Need } from './resource.ts'

/** Text that holds bytes and a signature over them. An interface, so that it is no Json: nothing but `verify` takes it. */
export interface Signed {
  readonly signed: string
  /** Of its signature: what a reply says of it. */
  readonly mediaType?: string | undefined
}

/** A way to sign with one key, by one algorithm. */
export interface Signer {
  readonly signature: string
  /** What may be shown of its options. */
  readonly config: object
  readonly needs: readonly Need[]
  readonly mediaType: string
  /** The signature with what it signs; absent: it can only be detached. */
  readonly sign?: ((plain: Uint8Array, io: Io) => Promise<Signed>) | undefined
  /** The signature alone, as text. */
  readonly detach: (plain: Uint8Array, io: Io) => Promise<string>
}

/** A way to verify what others signed. Throws SIGNATURE_INVALID for every cause that a sender can bring about. */
export interface Verifier {
  readonly signature: string
  readonly config: object
  readonly needs: readonly Need[]
  /** What was signed. */
  readonly verify?: ((signed: Signed, io: Io) => Promise<Uint8Array>) | undefined
  /** Whether a detached signature is one of these bytes: ends well, or throws. */
  readonly attest: (plain: Uint8Array, signature: string, io: Io) => Promise<void>
}

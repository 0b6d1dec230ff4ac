import type { Io } from './io.ts'
import type { Need } from './resource.ts'
import type { Sealed } from './triggers.ts'

/** A way to open what others sealed. Throws DECRYPTION_FAILED for every cryptographic cause alike. */
export interface Opener {
  readonly cipher: string
  /** What may be shown of its options. */
  readonly config: object
  readonly needs: readonly Need[]
  readonly open: (sealed: Sealed, io: Io) => Promise<Uint8Array>
}

/** A way to seal bytes for one reader. */
export interface Sealer {
  readonly cipher: string
  readonly config: object
  readonly needs: readonly Need[]
  readonly mediaType: string
  readonly seal: (plain: Uint8Array, io: Io) => Promise<Sealed>
}

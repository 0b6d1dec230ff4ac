import type { Io } from './io.ts'
import type { Need } from './resource.ts'
import type { Sealed } from './triggers.ts'

/** Where in a payload a sealed text stands. Ciphers that have associated data bind it. */
export interface Where {
  /** Its path as the definition says it: 'cards[*].pan'. Absent: the whole payload. */
  readonly field?: string | undefined
}

/** A file to read and one to write, which is not there yet: absolute paths in the working folder of an execution. */
export interface Files {
  readonly from: string
  readonly to: string
}

/** A way to open what others sealed. Throws DECRYPTION_FAILED for every cryptographic cause alike. */
export interface Opener {
  readonly cipher: string
  /** What may be shown of its options. */
  readonly config: object
  readonly needs: readonly Need[]
  readonly open: (sealed: Sealed, io: Io, where?: Where) => Promise<Uint8Array>
  /** In constant memory. Nothing is at `to` unless the whole file was authentic. */
  readonly openFile?: ((files: Files, io: Io) => Promise<void>) | undefined
}

/** A way to seal bytes for one reader. */
export interface Sealer {
  readonly cipher: string
  readonly config: object
  readonly needs: readonly Need[]
  readonly mediaType: string
  /** What sealing needs, where it is not what opening does. */
  readonly sealNeeds?: readonly Need[] | undefined
  readonly seal: (plain: Uint8Array, io: Io, where?: Where) => Promise<Sealed>
  /** In constant memory. */
  readonly sealFile?: ((files: Files, io: Io) => Promise<void>) | undefined
}

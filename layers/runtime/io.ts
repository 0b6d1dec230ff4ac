import type { KeyObject } from 'node:crypto'
import type { Account, Kept, Material, Published } from './account.ts'
import type { Asked } from './claims.ts'
import type { Fault } from './fault.ts'
import type { Json } from './field.ts'
import type { Identifier } from './identifier.ts'
import type { EnvelopeKey, HashKey, KeyPair, SigningAlgorithm, SigningKey } from './keys.ts'
import type { Loading, Storing } from './records.ts'
import type { Path } from './path.ts'
import type { Resource } from './resource.ts'
import type { Store } from './store.ts'
import type { Sealed } from './triggers.ts'
import type { Step } from './step.ts'

/** What became of the world: `none` only if no partner can have acted, `done` only at a good end, else `unknown`. */
export type Effect = 'done' | 'none' | 'unknown'

/**
 * What became of a step: its payload, or the fault that ended it and what its own sends had done by then. `repeatable`: doing
 * it again does nothing twice, since whatever may have been done was sent under an `Idempotency-Key`.
 */
export type Attempted<Out> = { readonly ok: true; readonly payload: Out } | { readonly ok: false; readonly fault: Fault; readonly effect: Effect; readonly repeatable: boolean }

/** A request to a partner, as a step makes it: the origin and the credential are added behind it. */
export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: Path
  /** Sent as JSON, or as it is if a cipher made it. */
  readonly body?: unknown
}

/** What `io.send` takes. */
export interface Sending extends Request {
  /** The text that travels as `Idempotency-Key`. */
  readonly once?: string | undefined
  readonly sealed?: { readonly body: Sealed; readonly mediaType: string } | undefined
}

/** The private half of a key pair, wherever it is: what opening a JWE asks of it. */
export interface PrivateKey {
  readonly type: 'rsa' | 'ec'
  /** RSA-OAEP with SHA-256 (RFC 8017 7.1.2). Throws whatever it throws: the cipher makes one fault of it. */
  readonly unwrap?: (wrapped: Uint8Array) => Uint8Array | Promise<Uint8Array>
  /** ECDH on P-256 with the sender's point, uncompressed coordinates; gives the x coordinate (SP 800-56A 5.7.1.2). */
  readonly agree?: (x: Uint8Array, y: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

/** The private half of a signing key, wherever it is. */
export interface SigningHalf {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  /** As JWS wants it (RFC 7518 section 3): for ECDSA R and S side by side. Throws UNAVAILABLE. */
  readonly sign: (plain: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

/** Identifiers that are claimed together. */
export interface Claiming extends Asked {
  /** The first reply is kept, sealed, and given again. */
  readonly replay?: true | undefined
}

/** Everything impure that a step may touch. A test passes its own. There is no randomness here: nobody injects an IV. */
export interface Io {
  /** Of this execution: in the reply, in every log line. */
  readonly id: string
  /** Name of the pipeline that runs. */
  readonly pipeline: string
  /** Epoch milliseconds at which the run is ended, so that its claims can be settled and the sender answered in time. */
  readonly deadline: number
  /** Runs a step: timed, counted, and refused once the reply is given. */
  readonly step: <In, Out>(step: Step<In, Out>, payload: In) => Out | Promise<Out>
  /** Runs a step and gives what became of it instead of throwing: for composites that go on after a fault. */
  readonly attempt: <In, Out>(step: Step<In, Out>, payload: In) => Promise<Attempted<Out>>
  /** Reads JSON as an I-JSON reader that loses nothing; throws PAYLOAD_UNREADABLE. What stands under a sensitive name is masked from then on. */
  readonly json: (bytes: Uint8Array) => Json
  /** What an account's secret holds, as its type reads it. Throws ACCOUNT_UNAVAILABLE. */
  readonly material: <Content>(account: Account<Material<string, Content>>) => Promise<Content>
  /** What is published at an account's address, as its type reads it. Throws ACCOUNT_UNAVAILABLE, OUT_OF_TIME. */
  readonly keySet: <Content extends Kept>(account: Account<Published<string, Content>>) => Promise<Content>
  /** The private half that has this `kid`, if we have it. Throws UNAVAILABLE. */
  readonly privateKey: (pair: KeyPair, kid: string) => Promise<PrivateKey | undefined>
  /** The newest half of a signing key that verifiers have had time to learn of. Throws UNAVAILABLE. */
  readonly signing: (key: SigningKey) => Promise<SigningHalf>
  /** The public half of a signing key of ours that has this `kid`, if there is one. Throws UNAVAILABLE. */
  readonly verifying: (key: SigningKey, kid: string) => Promise<KeyObject | undefined>
  /** A working folder that only this execution uses, made when it is first asked for and gone when the run has ended. */
  readonly folder: () => Promise<string>
  /** Bytes in an envelope (AES-256-GCM, a data key that KMS wraps), bound to a context and to where they stand. Throws UNAVAILABLE. */
  readonly seal: (key: EnvelopeKey, context: string, plain: Uint8Array, binding: readonly (string | null)[]) => Promise<Uint8Array>
  /** What is in an envelope. Throws DECRYPTION_FAILED, UNAVAILABLE. */
  readonly unseal: (key: EnvelopeKey, context: string, sealed: Uint8Array, binding: readonly (string | null)[]) => Promise<Uint8Array>
  /** A keyed digest for one purpose, normalised: `1.<43 characters of base64url>`, the version of the key before the dot. */
  readonly digest: (as: Identifier, purpose: 'hash') => Promise<(text: string) => string>
  /** A key of 256 bits that a hash key gives for one scope: under the version that is written, or a given one. Undefined: there is no such version. Throws UNAVAILABLE. */
  readonly mac: (key: HashKey, scope: string, version?: number) => Promise<{ readonly version: number; readonly key: KeyObject } | undefined>
  /** Consumer, route and id of the message, where it has one: a queue's message id, or the `Idempotency-Key`. */
  readonly origin: string | undefined
  /** Says what this message is about, for the record of its failure. Throws a TypeError where no step is marked `entity`. */
  readonly entity: (name: string) => void
  /** Claims identifiers in the ledger, all or none, to be settled when the run has ended. Throws DUPLICATE, IN_PROGRESS, IN_DOUBT, KEY_REUSED, UNAVAILABLE; ends the run where the reply of before is to be given again. */
  readonly claim: (claim: Claiming) => Promise<void>
  /** Stores a record, sealed, for the store's lifetime; the same again changes nothing. Throws STORED_OTHERWISE, PAYLOAD_TOO_LARGE, UNAVAILABLE. */
  readonly store: (to: Store, record: Storing) => Promise<void>
  /** What is stored under an identifier, opened, and masked as what is read. Throws NOT_STORED, STORED_UNREADABLE, UNAVAILABLE. */
  readonly load: (from: Store, asked: Loading) => Promise<Json>
  /** Sends to the account's origin and gives a 2xx reply's body. Throws PARTNER_… and notes what may have been done. */
  readonly send: (to: Account, request: Sending) => Promise<Uint8Array>
  /** Says that this step may have changed something outside, by a client of its own. Throws a TypeError where no step is marked `acts`. */
  readonly acted: () => void
  /** Where a resource of the needs is: an ARN, or a name. Throws a TypeError for what is not among them. */
  readonly address: (resource: Resource) => string
  /** One AWS client of a class per execution environment, with our limits on time and retries. */
  readonly client: <C>(Client: new (config: object) => C) => C
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Lets time pass. Throws OUT_OF_TIME at once where it would end after the deadline. */
  readonly wait: (ms: number) => Promise<void>
  /** Adds to the records of this execution's line: parts of a message that went through, and that did not. */
  readonly count: (records: { readonly done: number; readonly failed: number }) => void
  /** Writes one line through the redactor. */
  readonly log: (fields: { readonly [name: string]: unknown }) => void
}

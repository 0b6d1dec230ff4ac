import { createHash, createHmac, createSecretKey } from 'node:crypto'

/** What the signer of the SDK hashes: bytes, or text. */
type Source = string | ArrayBuffer | ArrayBufferView

/**
 * SHA-256, and HMAC with a secret, as clients of the SDK ask for it. A key as bytes costs Node 24 an exception that it throws
 * and catches itself, four times the price of the digest; a key object does not.
 */
export class Sha256 {
  readonly #digest: { update(part: string | NodeJS.ArrayBufferView): unknown; digest(): Buffer }

  constructor(secret?: Source) {
    this.#digest = secret === undefined ? createHash('sha256') : createHmac('sha256', typeof secret === 'string' ? secret : createSecretKey(bytes(secret)))
  }

  update(part: Source): void {
    this.#digest.update(typeof part === 'string' ? part : bytes(part))
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#digest.digest())
  }

  reset(): never {
    throw new TypeError('Sha256: a digest is made once')
  }
}

const bytes = (source: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source)

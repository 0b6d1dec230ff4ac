import { readJson } from 'sallyport'
import { bytesIn, knownEncoding, type Encoding } from '../fields/encoding.ts'

/** How a ciphertext and what opens it beside the key, an IV or a salt, are written as one text. */
export interface Writing {
  /**
   * Of the ciphertext, and of the IV or the salt in front of it.
   * @default base64
   */
  readonly encoding?: Encoding
  /** Of what is written beside the ciphertext; as the ciphertext unless said otherwise. */
  readonly besideEncoding?: Encoding
}

/** Reads and writes one way. */
export interface Written {
  readonly config: object
  readonly mediaType: string
  readonly join: (first: Uint8Array, ciphertext: Uint8Array) => string
  /** Throws an Error for what is not written so. */
  readonly split: (text: string) => { readonly first: Buffer; readonly ciphertext: Buffer }
}

/**
 * `concatenated`: the first bytes, of a fixed length, and the ciphertext behind them. Else the name of a member: a JSON text
 * `{"result": "…", "iv": "…"}`, as some platforms have it for a payload; of a field, a `transform` makes it of both.
 */
export function written(cipher: string, where: string, length: number, { encoding = 'base64', besideEncoding = encoding }: Writing): Written {
  knownEncoding(`${cipher}, encoding`, encoding)
  knownEncoding(`${cipher}, besideEncoding`, besideEncoding)
  return where === 'concatenated'
    ? {
        config: { encoding },
        mediaType: 'application/octet-stream',
        join: (first, ciphertext) => Buffer.concat([first, ciphertext]).toString(encoding),
        split(text) {
          const all = bytesIn(encoding, text)
          return { first: exactly(length, all.subarray(0, length)), ciphertext: all.subarray(length) }
        },
      }
    : {
        config: { encoding, besideEncoding },
        mediaType: 'application/json',
        join: (first, ciphertext) => JSON.stringify({ result: Buffer.from(ciphertext).toString(encoding), [where]: Buffer.from(first).toString(besideEncoding) }),
        split(text) {
          const members = readJson(Buffer.from(text)) as Readonly<Record<string, unknown>>
          return { first: exactly(length, bytesIn(besideEncoding, members[where])), ciphertext: bytesIn(encoding, members['result']) }
        },
      }
}

function exactly(length: number, bytes: Buffer): Buffer {
  if (bytes.length !== length) throw new Error('of another length')
  return bytes
}

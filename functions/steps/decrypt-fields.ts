import { Fault, type Deciphered, type Io, type Json, type Opener, type Step, type TextPath } from 'sallyport'
import { changeEach, refuseOverlap } from '../ciphers/fields/change-each.ts'

interface Options<Field, AsJson extends boolean> {
  /** Text fields, in lists too: 'card.pan', 'applicants[*].address'. */
  readonly fields: readonly Field[]
  /** Whether what is in them is JSON; a text otherwise. */
  readonly json?: AsJson
}

/** Opens each named field in its place. Absent and null fields stay so. Throws DECRYPTION_FAILED for whatever does not open, and says no more; OUT_OF_TIME. */
export const decryptFields = <T, const Field extends TextPath<T>, AsJson extends boolean = false>(cipher: Opener, { fields, json }: Options<Field, AsJson>): Step<T, Deciphered<T, Field, AsJson extends true ? Json : string>> => {
  refuseOverlap('decryptFields', fields as readonly string[])
  return {
    kind: 'decrypt-fields',
    config: { cipher: cipher.cipher, ...cipher.config, fields, json: json ?? false },
    needs: cipher.needs,
    run: async (payload, io) => await changeEach(payload, fields as readonly string[], io, async (value, field) => {
      if (value === null) return null
      if (typeof value !== 'string') throw new Fault('PAYLOAD_INVALID', [field])
      const plain = await cipher.open({ sealed: value }, io, { field })
      return met(field, json === true ? jsonOf(plain, io) : textOf(plain), io)
    }) as Deciphered<T, Field, AsJson extends true ? Json : string>,
  }
}

/** Read under its name, so that what is sensitive is masked in logs from here on. */
function met(field: string, value: Json, io: Io): unknown {
  const name = field.replaceAll('[*]', '').split('.').at(-1) ?? field
  return (io.json(Buffer.from(JSON.stringify({ [name]: value }))) as Readonly<Record<string, Json>>)[name]
}

/** Two faults would tell who changes what nobody authenticated how it is padded. */
function jsonOf(bytes: Uint8Array, io: Io): Json {
  try {
    return io.json(bytes)
  } catch {
    throw new Fault('DECRYPTION_FAILED')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Fault('DECRYPTION_FAILED')
  }
}

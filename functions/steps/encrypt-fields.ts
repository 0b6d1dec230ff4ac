import type { AnyPath, Enciphered, Sealer, Step } from 'sallyport'
import { changeEach, refuseOverlap } from '../ciphers/fields/change-each.ts'

interface Options<Field> {
  /** Fields, in lists too: 'card.pan', 'applicants[*].address'. A text is sealed as it is, anything else as its JSON. */
  readonly fields: readonly Field[]
  /** Whether texts are sealed as JSON, too, so that `decryptFields({ json: true })` gives back whatever it was. */
  readonly json?: boolean
}

/**
 * Replaces each named field by its sealed text, bound to its path where the cipher binds: moved to another field it does not
 * open. Absent fields stay so, and null is sealed as JSON alone. Throws PAYLOAD_INVALID with the path, OUT_OF_TIME.
 */
export const encryptFields = <T, const Field extends AnyPath<T>>(cipher: Sealer, { fields, json = false }: Options<Field>): Step<T, Enciphered<T, Field>> => {
  refuseOverlap('encryptFields', fields as readonly string[])
  return {
    kind: 'encrypt-fields',
    config: { cipher: cipher.cipher, ...cipher.config, fields, json },
    needs: cipher.sealNeeds ?? cipher.needs,
    run: async (payload, io) => await changeEach(payload, fields as readonly string[], io, async (value, field) => {
      if (value === null && !json) return null
      const plain = typeof value === 'string' && !json ? value : JSON.stringify(value)
      return (await cipher.seal(Buffer.from(plain), io, { field })).sealed
    }) as Enciphered<T, Field>,
  }
}

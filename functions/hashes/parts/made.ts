import { join } from 'node:path'
import { changeAt, Fault, textsAt, type Io } from 'sallyport'
import { fileName } from '../../ciphers/files/file-name.ts'
import type { Hasher, Hashing } from '../hasher.ts'

interface Parts<Name extends string> extends Omit<Hasher<Name>, 'replace'> {
  /** How many values of one payload it takes, because each costs long; absent: any number. */
  readonly most?: number
}

/** A hasher from what it computes. Its `replace` throws PAYLOAD_INVALID, and PAYLOAD_TOO_LARGE before any work for more values than it takes. */
export function made<Name extends string>({ hash, keyed, config, needs, run, verify, runFile, most = Infinity }: Parts<Name>): Hasher<Name> {
  async function replaceFields(payload: unknown, fields: readonly string[], { normalize }: Hashing, io: Io): Promise<unknown> {
    const texts = fields.map((field) => textsAt(payload, field))
    if (texts.flat().length > most) throw new Fault('PAYLOAD_TOO_LARGE', fields)
    let changed = payload
    for (const [i, field] of fields.entries()) {
      const hashes: string[] = []
      for (const text of texts[i] ?? []) hashes.push(await run(Buffer.from(normalize?.run(text) ?? text), io, { field }))
      const next = hashes.values()
      changed = changeAt(changed, field, () => next.next().value as string)
    }
    return changed
  }
  return {
    hash, keyed, config: { hash, keyed, ...config }, needs, run, verify, runFile,
    replace(what) {
      const { fields, file, into } = what
      if (file === undefined) return async (payload, io) => fields === undefined ? { hash: await run(bytesOf(payload), io) } : replaceFields(payload, fields, what, io)
      if (runFile === undefined) throw new TypeError(`hash of a file by ${hash}: write sha2(), sha3() or hmac({ key })`)
      fileName('hash, file', file)
      if (into === undefined || !/^[A-Za-z]\w{0,63}$/.test(into)) throw new TypeError('hash, into: write the name of a new field, letters and digits')
      return async (payload, io) => {
        if (typeof payload !== 'object' || payload === null || Array.isArray(payload) || payload instanceof Uint8Array) throw new Fault('PAYLOAD_INVALID', ['$'])
        return { ...payload, [into]: await runFile(join(await io.folder(), file), io) }
      }
    },
  }
}

/** Bytes as they are, a text in UTF-8, anything else as JSON without spaces, members in the order they have. */
function bytesOf(payload: unknown): Uint8Array {
  if (payload instanceof Uint8Array) return payload
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload) as string | undefined
  if (text === undefined) throw new Fault('PAYLOAD_INVALID', ['$'])
  return Buffer.from(text)
}

import { join } from 'node:path'
import type { Opener, Step } from 'sallyport'
import { fileName } from '../ciphers/files/file-name.ts'

interface Options {
  /** Name of a sealed file in the working folder of the execution (`io.folder()`). */
  readonly file: string
  /** Name of the opened file, beside it: it is there when the whole of it was authentic, and not before. */
  readonly to: string
}

/** Opens a file in constant memory; the payload passes through. Throws DECRYPTION_FAILED. */
export const decryptFile = <T>(cipher: Opener, { file, to }: Options): Step<T, T> => {
  const { openFile } = cipher
  if (openFile === undefined) throw new TypeError(`decryptFile: ${cipher.cipher} opens no files; aesGcm, kmsEnvelope and pgp do`)
  const [source, target] = [fileName('decryptFile, file', file), fileName('decryptFile, to', to)]
  return {
    kind: 'decrypt-file',
    config: { cipher: cipher.cipher, ...cipher.config, file, to },
    needs: cipher.needs,
    async run(payload, io) {
      const folder = await io.folder()
      await openFile({ from: join(folder, source), to: join(folder, target) }, io)
      return payload
    },
  }
}

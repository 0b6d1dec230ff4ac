import { join } from 'node:path'
import type { Sealer, Step } from 'sallyport'
import { fileName } from '../ciphers/files/file-name.ts'

interface Options {
  /** Name of a file in the working folder of the execution (`io.folder()`), where a step before it has written it. */
  readonly file: string
  /** Name of the sealed file, beside it. */
  readonly to: string
}

/** Seals a file in constant memory; the payload passes through. Throws STEP_FAILED where there is no such file. */
export const encryptFile = <T>(cipher: Sealer, { file, to }: Options): Step<T, T> => {
  const { sealFile } = cipher
  if (sealFile === undefined) throw new TypeError(`encryptFile: ${cipher.cipher} seals no files; aesGcm, kmsEnvelope and pgp do`)
  const [source, target] = [fileName('encryptFile, file', file), fileName('encryptFile, to', to)]
  return {
    kind: 'encrypt-file',
    config: { cipher: cipher.cipher, ...cipher.config, file, to },
    needs: cipher.sealNeeds ?? cipher.needs,
    async run(payload, io) {
      const folder = await io.folder()
      await sealFile({ from: join(folder, source), to: join(folder, target) }, io)
      return payload
    },
  }
}

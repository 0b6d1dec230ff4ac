import { envelopeKeyOf, type EnvelopeKey, type Io, type Need, type Opener, type Sealer } from 'sallyport'
import { bytesIn } from './fields/encoding.ts'
import { openFile, sealFile } from './files/chunked.ts'
import { opener } from './opener.ts'
import { knownContext } from './parts/context.ts'

interface Options {
  readonly key: EnvelopeKey
  /**
   * What the sealed text is for, where another pipeline opens it: it opens under the same words alone.
   * @default - the name of the pipeline
   */
  readonly context?: string
}

/**
 * An envelope: AES-256-GCM (NIST SP 800-38D) with a random IV, under a data key that KMS generates and that travels wrapped
 * beside what it sealed, as base64url. KMS binds the data key to the context; context and path of the field are bound as
 * associated data; a key id commits to the data key. One KMS call for all fields of a cold environment, none in a warm one: a
 * data key is used for five minutes, 65,536 seals or a gigabyte. Whoever seals cannot open: two actions of KMS.
 */
export const kmsEnvelope = ({ key, context }: Options): Opener & Sealer => {
  knownContext('kmsEnvelope', context)
  const words = (io: Io): string => context ?? io.pipeline
  const need = (action: string): Need[] => [{ resource: envelopeKeyOf(key), actions: [action] }]
  return {
    mediaType: 'application/octet-stream',
    sealNeeds: need('kms:GenerateDataKey'),
    async seal(plain, io, { field } = {}) {
      const { buffer, byteOffset, byteLength } = await io.seal(key, words(io), plain, ['text', field ?? null])
      return { sealed: Buffer.from(buffer, byteOffset, byteLength).toString('base64url') }
    },
    sealFile: (files, io) => sealFile(files, (plain) => io.seal(key, words(io), plain, ['file'])),
    ...opener({
      cipher: 'kms-envelope',
      config: { key, context },
      needs: need('kms:Decrypt'),
      open: ({ sealed }, io, { field } = {}) => io.unseal(key, words(io), bytesIn('base64url', sealed), ['text', field ?? null]),
      openFile: (files, io) => openFile(files, (sealed) => io.unseal(key, words(io), sealed, ['file'])),
    }),
  }
}

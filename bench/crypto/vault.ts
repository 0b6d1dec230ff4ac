import { createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto'
import { Environment, type EnvelopeKey, type Io } from 'sallyport'
import { openEnvelope, sealEnvelope } from '../../layers/runtime/sealing.ts'

/** A KMS in memory that gives one data key, and the doors of an environment that asks it once. */
export function vault(key: EnvelopeKey): { readonly doors: Partial<Io>; readonly encryption: KeyObject; readonly head: Buffer } {
  const plain = randomBytes(32)
  // As many bytes as KMS makes of 32.
  const wrapped = randomBytes(184)
  const expand = (info: string): Buffer => Buffer.from(hkdfSync('sha256', plain, '', info, 32))
  const answer = Buffer.from(JSON.stringify({ Plaintext: plain.toString('base64'), CiphertextBlob: wrapped.toString('base64') }))
  const environment = new Environment({
    variables: { [`KEY_${key.name.toUpperCase()}`]: key.name },
    aws: {
      region: 'us-east-1', endpoint: 'http://localhost', credentials: { accessKeyId: 'in-memory', secretAccessKey: 'in-memory' },
      requestHandler: { handle: () => Promise.resolve({ response: { statusCode: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: answer } }), destroy: () => undefined },
    },
  })
  return {
    doors: {
      seal: (key, context, plain, binding) => sealEnvelope(environment, key, context, plain, binding),
      unseal: (key, context, sealed, binding) => openEnvelope(environment, key, context, sealed, binding),
    },
    encryption: createSecretKey(expand('sallyport store 1 encryption')),
    head: Buffer.concat([Buffer.of(1, 0, wrapped.length), wrapped, expand('sallyport store 1 key id')]),
  }
}

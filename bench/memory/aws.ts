/** The AWS of the bench: answers from memory, counted by nobody, costing next to nothing on both sides. */
import { createHmac } from 'node:crypto'

export interface Memory {
  readonly wrapped: { readonly pair: string; readonly kid: string; readonly type: 'rsa' | 'ec'; readonly pkcs8: Uint8Array }[]
  readonly secrets: Readonly<Record<string, string>>
}

const memory = (): Memory => (globalThis as unknown as { memory: Memory }).memory
const done = Promise.resolve({})

const tables = {
  put: () => done,
  update: () => done,
  delete: () => done,
  /** Of the keys table: the rows of one pair, and none of keys that were never rotated. */
  query: ({ ExpressionAttributeValues: { ':pair': { S: asked } } }: { ExpressionAttributeValues: { ':pair': { S: string } } }) => Promise.resolve({
    Items: memory().wrapped.filter(({ pair }) => pair === asked).map(({ kid, type, pkcs8 }) => ({ kid: { S: kid }, type: { S: type }, wrapped: { B: pkcs8 } })),
  }),
}
const keys = {
  decrypt: ({ CiphertextBlob }: { CiphertextBlob: Uint8Array }) => Promise.resolve({ Plaintext: CiphertextBlob }),
  generateMac: ({ Message }: { Message: Uint8Array }) => Promise.resolve({ Mac: createHmac('sha256', 'bench').update(Message).digest() }),
}
const credentials = { get: (id: string) => Promise.resolve({ SecretString: memory().secrets[id] }) }

export const dynamodb = () => Promise.resolve(tables)
export const kms = () => Promise.resolve(keys)
export const secrets = () => Promise.resolve(credentials)

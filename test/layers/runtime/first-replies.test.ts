import { randomBytes } from 'node:crypto'
import { beforeEach, expect, test } from 'vitest'
import { system } from '../../../layers/runtime/clock.ts'
import { Environment } from '../../../layers/runtime/environment.ts'
import { firstReplies } from '../../../layers/runtime/first-replies.ts'

/** A KMS that remembers what it wrapped, and answers by an error where it is told to. */
const kms = { error: '', wrapped: new Map<string, string>() }
beforeEach(() => { kms.error = '' })

function answer(headers: Readonly<Record<string, string>>, body: Uint8Array) {
  const said = (statusCode: number, value: object) => ({ response: { statusCode, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: Buffer.from(JSON.stringify(value)) } })
  if (kms.error !== '') return said(400, { __type: kms.error, message: 'canary' })
  const { CiphertextBlob = '' } = JSON.parse(new TextDecoder().decode(body)) as { readonly CiphertextBlob?: string }
  if (headers['x-amz-target']?.endsWith('.Decrypt')) return said(200, { Plaintext: kms.wrapped.get(CiphertextBlob), KeyId: 'arn:of-replies' })
  const [plain, blob] = [randomBytes(32).toString('base64'), randomBytes(184).toString('base64')]
  kms.wrapped.set(blob, plain)
  return said(200, { Plaintext: plain, CiphertextBlob: blob, KeyId: 'arn:of-replies' })
}
/** Another environment each time, which holds no key. */
const replies = () => firstReplies(new Environment({
  variables: { KEY_REPLIES: 'arn:of-replies' },
  aws: {
    region: 'us-east-1', endpoint: 'http://localhost', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1,
    requestHandler: { handle: ({ headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array }) => Promise.resolve(answer(headers, body)), destroy: () => undefined },
  },
}), 'payments', { id: 'p-1' }, system.now() + 10_000)
const refused = (code: string) => ({ code, message: code, paths: [] })

test('what was kept opens for its own item', async () => {
  const sealed = await (await replies()).seal('item-1', { receipt: 'r-1' })
  expect(Buffer.from(sealed ?? []).includes('r-1')).toBe(false)
  expect(await (await replies()).open('item-1', sealed ?? Buffer.of())).toStrictEqual({ receipt: 'r-1' })
})
test('what does not open is ours: its sender sent nothing wrong', async () => {
  const sealed = Buffer.from(await (await replies()).seal('item-1', { receipt: 'r-1' }) ?? [])
  const changed = Buffer.from(sealed)
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
  for (const [id, bytes] of [['item-2', sealed], ['item-1', changed], ['item-1', sealed.subarray(0, -1)], ['item-1', Buffer.of()]] as const) {
    await expect((await replies()).open(id, bytes)).rejects.toMatchObject(refused('STORED_UNREADABLE'))
  }
})
test.each([['ThrottlingException', 'UNAVAILABLE'], ['AccessDeniedException', 'UNAVAILABLE'], ['InvalidCiphertextException', 'STORED_UNREADABLE']])('where KMS says %s it is %s', async (error, code) => {
  const sealed = await (await replies()).seal('item-1', { receipt: 'r-1' })
  const late = await replies()
  kms.error = error
  await expect(late.open('item-1', sealed ?? Buffer.of())).rejects.toMatchObject(refused(code))
})

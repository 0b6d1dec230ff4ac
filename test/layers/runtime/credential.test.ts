import { expect, test } from 'vitest'
import { account } from 'sallyport'
import { privateKey } from '../../../functions/accounts/private-key.ts'
import { apiKey } from '../../../functions/accounts/api-key.ts'
import { credential } from '../../../layers/runtime/credential.ts'
import { Environment } from '../../../layers/runtime/environment.ts'

const bank = account('bank', apiKey({ origin: { prod: 'https://bank.example' } }))

/** An environment whose secret has a text that the test sets, or is not there, at a time that it sets. */
function world(variables: Readonly<Record<string, string>> = {}) {
  const state = { now: 1_000_000, text: '{"apiKey":"four-word-long-key"}', down: false, read: 0 }
  const environment = new Environment({
    variables: { ACCOUNT_BANK: 'arn:of-bank', ACCOUNT_INBOX: 'arn:of-inbox', ...variables },
    clock: { now: () => state.now } as never,
    aws: {
      region: 'us-east-1', endpoint: 'http://localhost', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, maxAttempts: 1,
      requestHandler: {
        handle() {
          state.read++
          if (state.down) return Promise.reject(new Error('no connection to canary'))
          return Promise.resolve({ response: { statusCode: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: Buffer.from(JSON.stringify({ SecretString: state.text })) } })
        },
        destroy: () => undefined,
      },
    },
  })
  return { state, environment }
}

test.each([[{}, 300_000], [{ KEY_AGE: '10' }, 10_000]] as const)('a secret is read once, and again when it is as old as %o says', async (variables, age) => {
  const { state, environment } = world(variables)
  const [first] = await Promise.all([1, 2, 3].map(() => credential(environment, bank)))
  state.text = '{"apiKey":"another-long-key"}'
  state.now += age - 1
  expect((await credential(environment, bank)).text).toBe('{"apiKey":"four-word-long-key"}')
  expect([state.read, first?.text]).toStrictEqual([1, '{"apiKey":"four-word-long-key"}'])
  state.now += 1
  expect((await credential(environment, bank)).text).toBe('{"apiKey":"another-long-key"}')
  expect(state.read).toBe(2)
})

test('anew: at once', async () => {
  const { state, environment } = world()
  await credential(environment, bank)
  state.text = '{"apiKey":"another-long-key"}'
  expect((await credential(environment, bank, true)).text).toBe('{"apiKey":"another-long-key"}')
  expect((await credential(environment, bank)).text).toBe('{"apiKey":"another-long-key"}')
  expect(state.read).toBe(2)
})

test('what cannot be read is one fault with nothing in it, and is not kept', async () => {
  const { state, environment } = world()
  const inbox = account('inbox', privateKey())
  const failed = { code: 'ACCOUNT_UNAVAILABLE', message: 'ACCOUNT_UNAVAILABLE', paths: [] }
  state.down = true
  await expect(credential(environment, bank)).rejects.toSatisfy((error: Error) => error.cause === undefined)
  await expect(credential(environment, bank)).rejects.toMatchObject(failed)
  state.down = false
  for (const text of ['canary', '{"privateKey":"canary"}', undefined]) {
    state.text = text as string
    await expect(credential(environment, inbox)).rejects.toMatchObject(failed)
  }
  state.text = '{"apiKey":"four-word-long-key"}'
  expect((await credential(environment, bank)).text).toBe('{"apiKey":"four-word-long-key"}')
})

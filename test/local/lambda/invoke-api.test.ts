import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Principal } from '../../../local/aws/principals.ts'
import { invokeApi, type InvokeApi } from '../../../local/lambda/invoke-api.ts'

const region = 'us-east-1'
const invoked: [string, string][] = []
const principal: Principal = {
  accessKeyId: 'AKIDASKER', secretAccessKey: 'secret', arn: 'arn:aws:iam::111122223333:role/asker',
  policies: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: ['arn:aws:lambda:us-east-1:111122223333:function:App-orders', 'arn:aws:lambda:us-east-1:111122223333:function:App-gone'] }] }],
}
let api: InvokeApi
let client: LambdaClient
beforeAll(async () => {
  api = await invokeApi({
    region, account: '111122223333', principals: (id) => id === principal.accessKeyId ? principal : undefined,
    invoke(name, event) {
      invoked.push([name, event])
      if (name === 'App-gone') return Promise.reject(new Error('none'))
      return Promise.resolve(event.includes('bad') ? { ok: false, reason: 'handler', message: 'TypeError' } : { ok: true, payload: '{"done":true}' })
    },
  })
  client = new LambdaClient({ endpoint: api.url, region, maxAttempts: 1, credentials: { accessKeyId: 'AKIDASKER', secretAccessKey: 'secret' } })
})
afterAll(() => {
  client.destroy()
  api.close()
})
const send = async (FunctionName: string, event: object, by = client) => {
  const { Payload, FunctionError } = await by.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) }))
  return [JSON.parse(Buffer.from(Payload ?? []).toString()) as unknown, FunctionError]
}

test('the AWS SDK invokes a function and has its answer; one that fails says so', async () => {
  expect(await send('App-orders', { rerun: 1 })).toStrictEqual([{ done: true }, undefined])
  expect(invoked).toStrictEqual([['App-orders', '{"rerun":1}']])
  expect(await send('App-orders', { bad: 1 })).toStrictEqual([{ errorMessage: 'TypeError' }, 'Unhandled'])
})
test('only what the policies of the caller allow, and only who has signed', async () => {
  await expect(send('App-others', {})).rejects.toMatchObject({ name: 'AccessDeniedException' })
  const stranger = new LambdaClient({ endpoint: api.url, region, maxAttempts: 1, credentials: { accessKeyId: 'AKIDASKER', secretAccessKey: 'guessed' } })
  await expect(send('App-orders', {}, stranger)).rejects.toMatchObject({ name: 'AccessDeniedException' })
  await expect(send('App-gone', {})).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  stranger.destroy()
})

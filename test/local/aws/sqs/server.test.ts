import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CreateKeyCommand, DisableKeyCommand } from '@aws-sdk/client-kms'
import { CreateQueueCommand, DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageBatchCommand, SendMessageCommand, SetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startAws, type Aws } from '../../../../local/aws/server.ts'
import { signed } from '../../../../local/signed-fetch.ts'
import { account, admin, allow, clientsFor, configIn, credentialsOf, refusal, refusalName, region, roleArn, standIn, tempDir } from '../harness.ts'

let aws: Awaited<ReturnType<typeof standIn>>
let sqs: SQSClient
const arn = (name: string): string => `arn:aws:sqs:${region}:${account}:${name}`
const root = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' }

beforeAll(async () => {
  aws = await standIn([
    admin, { name: 'bare', policies: [] }, { name: 'sender', policies: [allow(['sqs:SendMessage'], arn('work'))] },
    { name: 'worker', policies: [allow(['sqs:ReceiveMessage', 'sqs:DeleteMessage'], arn('work'))] },
    { name: 'sealer', policies: [allow(['sqs:*']), allow(['kms:GenerateDataKey', 'kms:Decrypt'])] }, { name: 'keyless', policies: [allow(['sqs:*'])] },
  ])
  sqs = aws.as('admin').sqs
})
afterAll(() => aws.close())

const create = async (QueueName: string, Attributes: Record<string, string> = {}): Promise<string> => (await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))).QueueUrl ?? ''
const send = (QueueUrl: string, MessageBody: string, client = sqs) => client.send(new SendMessageCommand({ QueueUrl, MessageBody }))
const receive = async (QueueUrl: string, WaitTimeSeconds = 0, client = sqs, signal?: AbortSignal): Promise<(string | undefined)[]> =>
  ((await client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds, MaxNumberOfMessages: 10 }), { ...signal && { abortSignal: signal } })).Messages ?? []).map(({ Body }) => Body)

describe('a long poll', () => {
  test('ends with the message that comes', async () => {
    const url = await create('polled')
    expect(url).toBe(`http://127.0.0.1:${aws.port}/${account}/polled`)
    const started = Date.now()
    const waiting = receive(url, 20)
    setTimeout(() => { void send(url, 'came') }, 200)
    expect(await waiting).toEqual(['came'])
    expect(Date.now() - started).toBeLessThan(3_000)
  })
  test('ends with a message that becomes visible', async () => {
    const url = await create('hidden', { VisibilityTimeout: '1' })
    await send(url, 'one')
    await receive(url)
    expect(await receive(url, 20)).toEqual(['one'])
  })
  test('ends empty when its time is over, which the queue may say', async () => {
    const url = await create('empty', { ReceiveMessageWaitTimeSeconds: '1' })
    const started = Date.now()
    expect(((await sqs.send(new ReceiveMessageCommand({ QueueUrl: url }))).Messages ?? [])).toEqual([])
    expect(Date.now() - started).toBeGreaterThan(900)
  })
  test('takes nothing for somebody who has gone away', async () => {
    const url = await create('left')
    const leaving = new AbortController()
    const waiting = refusalName(receive(url, 20, sqs, leaving.signal))
    setTimeout(() => leaving.abort(), 200)
    expect(await waiting).toBe('AbortError')
    await new Promise((resolve) => { setTimeout(resolve, 100) })
    await send(url, 'for the next')
    expect(await receive(url)).toEqual(['for the next'])
  })
  test('is given once, whoever waits', async () => {
    const url = await create('many')
    const waiting = Array.from({ length: 5 }, () => receive(url, 1))
    await send(url, 'one')
    expect((await Promise.all(waiting)).flat()).toEqual(['one'])
  })
})

test('the protocol is taken at the path of a queue', async () => {
  await create('by-path')
  const at = `http://127.0.0.1:${aws.port}/${account}/by-path`
  const body = JSON.stringify({ QueueUrl: `https://sqs.${region}.amazonaws.com/${account}/by-path` })
  const headers = { 'x-amz-target': 'AmazonSQS.ReceiveMessage', 'content-type': 'application/x-amz-json-1.0' }
  const response = await fetch(at, signed(at, { method: 'POST', headers, body }, { ...credentialsOf('admin'), region, service: 'sqs' }))
  expect([response.status, await response.json()]).toEqual([200, {}])
  const gone = JSON.stringify({ QueueUrl: `http://x/${account}/none` })
  const refused = await fetch(at, signed(at, { method: 'POST', headers, body: gone }, { ...credentialsOf('admin'), region, service: 'sqs' }))
  expect([refused.status, refused.headers.get('x-amzn-query-error'), await refused.json()]).toEqual([
    400, 'AWS.SimpleQueueService.NonExistentQueue;Sender', { __type: 'com.amazonaws.sqs#QueueDoesNotExist', message: 'The specified queue does not exist.' },
  ])
})

describe('who may', () => {
  test('is what the policies of the caller say, batches by the permission of one', async () => {
    const url = await create('work')
    const { sqs: sender } = aws.as('sender')
    expect(await refusalName(send(url, 'a', sender))).toBe('resolved')
    expect(await refusalName(sender.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: [{ Id: 'a', MessageBody: 'b' }] })))).toBe('resolved')
    await expect(receive(url, 0, sender)).rejects.toMatchObject({
      name: 'AccessDenied', message: `User: ${roleArn('sender')} is not authorized to perform: sqs:ReceiveMessage on resource: ${arn('work')}`, $metadata: { httpStatusCode: 403 },
    })
    expect(await refusalName(aws.as('worker').sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] })))).toBe('AccessDenied')
    // Nobody learns from the answer whether there is such a queue.
    expect(await refusalName(send(url.replace('work', 'none'), 'a', sender))).toBe('AccessDenied')
  })

  test('is also what the queue says', async () => {
    const url = await create('shared')
    const policy = (...Statement: object[]): Promise<unknown> => sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy: JSON.stringify({ Version: '2012-10-17', Statement }) } }))
    await policy({ Effect: 'Allow', Principal: { AWS: roleArn('bare') }, Action: 'sqs:SendMessage', Resource: arn('shared') })
    expect([await refusalName(send(url, 'a', aws.as('bare').sqs)), await refusalName(receive(url, 0, aws.as('bare').sqs))]).toEqual(['resolved', 'AccessDenied'])
    await policy({ Effect: 'Deny', Principal: '*', Action: 'sqs:SendMessage', Resource: arn('shared'), Condition: { ArnNotEquals: { 'aws:PrincipalArn': roleArn('bare') } } })
    expect([await refusalName(send(url, 'a')), await refusalName(send(url, 'a', aws.as('bare').sqs))]).toEqual(['AccessDenied', 'AccessDenied'])
  })

  test('needs the queue’s key: both ways to send, Decrypt to receive, through SQS', async () => {
    const { kms } = aws.as('admin')
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy: JSON.stringify({ Version: '2012-10-17', Statement: [root] }) }))
    const url = await create('sealed', { KmsMasterKeyId: KeyMetadata?.Arn ?? '' })
    const { sqs: sealer } = aws.as('sealer')
    expect([await refusalName(send(url, 'a', sealer)), await receive(url, 0, sealer)]).toEqual(['resolved', ['a']])
    const { sqs: keyless } = aws.as('keyless')
    expect(await refusal(send(url, 'a', keyless))).toBe('KmsAccessDenied: The caller does not have the required KMS access: kms:GenerateDataKey')
    expect(await refusalName(receive(url, 0, keyless))).toBe('KmsAccessDenied')
    await kms.send(new DisableKeyCommand({ KeyId: KeyMetadata?.KeyId }))
    expect(await refusalName(send(url, 'a'))).toBe('KmsDisabled')
  })
})

describe('planned faults', () => {
  const plan = (error: string, operation = 'SendMessage') => aws.faults([{ service: 'sqs', operation, error }])
  test.each([
    ['throttle', 'RequestThrottled', 403], ['unavailable', 'InternalFailure', 500], ['denied', 'AccessDenied', 403], ['QueueDoesNotExist', 'QueueDoesNotExist', 400],
  ])('%s: %s', async (error, name, httpStatusCode) => {
    const url = await create(`fault-${error}`)
    await plan(error)
    await expect(send(url, 'a')).rejects.toMatchObject({ name, $metadata: { httpStatusCode } })
    expect(await receive(url)).toEqual([])
  })
  test.each(['throttle', 'unavailable', 'reset'])('the SDK sends again after %s', async (error) => {
    const url = await create(`again-${error}`)
    await plan(error)
    await send(url, 'a', aws.as('admin', 3).sqs)
    expect(await receive(url)).toEqual(['a'])
  })
  test('a lost reply leaves the message, or hides it', async () => {
    const url = await create('lost')
    await plan('lostReply')
    expect(await refusalName(send(url, 'a'))).not.toBe('resolved')
    await plan('lostReply', 'ReceiveMessage')
    expect(await refusalName(receive(url))).not.toBe('resolved')
    expect(await receive(url)).toEqual([])
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['ApproximateNumberOfMessagesNotVisible'] }))
    expect(Attributes).toEqual({ ApproximateNumberOfMessagesNotVisible: '1' })
  })
})

test('what was acknowledged is there after another start, with its receipt handle, and unreadable on the disk', async () => {
  const dir = tempDir()
  const config = configIn(dir)
  let running: Aws = await startAws(config)
  const first = clientsFor(running.port).sqs
  const { QueueUrl = '' } = await first.send(new CreateQueueCommand({ QueueName: 'kept' }))
  await first.send(new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: 'a', MessageBody: 'canary-4111111111111111' }, { Id: 'b', MessageBody: 'two', MessageAttributes: { pan: { DataType: 'String', StringValue: 'canary-4111111111111111' } } }] }))
  const { Messages: [{ ReceiptHandle } = {}] = [] } = await first.send(new ReceiveMessageCommand({ QueueUrl }))
  for (const name of ['aws.sqlite', 'aws.sqlite-wal']) expect(readFileSync(join(config.dir, name)).includes('canary-4111')).toBe(false)
  expect(await receive(QueueUrl, 0, first)).toEqual(['two'])
  await running.close()
  running = await startAws(config)
  const second = clientsFor(running.port).sqs
  const moved = QueueUrl.replace(/:\d+\//, `:${running.port}/`)
  await second.send(new DeleteMessageCommand({ QueueUrl: moved, ReceiptHandle }))
  const { Attributes } = await second.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessagesNotVisible', 'ApproximateNumberOfMessages'] }))
  expect(Attributes).toEqual({ ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: '1' })
  await running.close()
})

test('a stand-in that ends does not wait for those who wait', async () => {
  const config = configIn(tempDir())
  const running = await startAws(config)
  const client = clientsFor(running.port).sqs
  const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: 'ending' }))
  const waiting = refusalName(receive(QueueUrl, 20, client))
  await new Promise((resolve) => { setTimeout(resolve, 100) })
  const started = Date.now()
  await running.close()
  expect(Date.now() - started).toBeLessThan(2_000)
  expect(await waiting).not.toBe('resolved')
})

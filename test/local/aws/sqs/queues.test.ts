import {
  CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand, GetQueueUrlCommand, ListDeadLetterSourceQueuesCommand, ListQueuesCommand, SetQueueAttributesCommand, SendMessageCommand,
} from '@aws-sdk/client-sqs'
import { describe, expect, test } from 'vitest'
import { refusal, refusalName } from '../harness.ts'
import { memory } from './memory.ts'

const { clock, sqs, create, send, receive } = memory()
const attributes = async (QueueUrl: string, ...names: string[]): Promise<Record<string, string> | undefined> =>
  (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: (names.length > 0 ? names : ['All']) as ['All'] }))).Attributes
const set = (QueueUrl: string, Attributes: Record<string, string>) => sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }))

describe('queues', () => {
  test('are found by name and told with what was set and what was not', async () => {
    const url = await create('told', { VisibilityTimeout: '90', KmsMasterKeyId: 'alias/aws/sqs' })
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName: 'told' }))).QueueUrl).toBe(url)
    await send(url, 'a')
    await send(url, 'b', { DelaySeconds: 10 })
    await send(url, 'c')
    await receive(url, { MaxNumberOfMessages: 1 })
    expect(await attributes(url)).toEqual({
      QueueArn: 'arn:aws:sqs:us-east-1:123456789012:told', VisibilityTimeout: '90', KmsMasterKeyId: 'alias/aws/sqs', DelaySeconds: '0', MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '345600', ReceiveMessageWaitTimeSeconds: '0', SqsManagedSseEnabled: 'false', CreatedTimestamp: '1767225600', LastModifiedTimestamp: '1767225600',
      ApproximateNumberOfMessages: '1', ApproximateNumberOfMessagesNotVisible: '1', ApproximateNumberOfMessagesDelayed: '1',
    })
    expect(await attributes(url, 'QueueArn')).toEqual({ QueueArn: 'arn:aws:sqs:us-east-1:123456789012:told' })
  })

  test('are made once: the same attributes give the same queue, others are refused', async () => {
    const url = await create('once', { DelaySeconds: '1' })
    expect(await create('once', { DelaySeconds: '1' })).toBe(url)
    expect(await create('once')).toBe(url)
    expect(await refusalName(create('once', { DelaySeconds: '2' }))).toBe('QueueNameExists')
    clock.tick(1000)
    await set(url, { DelaySeconds: '2' })
    expect(await attributes(url, 'DelaySeconds', 'LastModifiedTimestamp')).toEqual({ DelaySeconds: '2', LastModifiedTimestamp: '1767225601' })
  })

  test('that are not there', async () => {
    const nowhere = 'http://localhost/123456789012/nowhere'
    await expect(sqs.send(new SendMessageCommand({ QueueUrl: nowhere, MessageBody: 'a' }))).rejects.toMatchObject({
      name: 'QueueDoesNotExist', $metadata: { httpStatusCode: 400 }, Error: { Code: 'AWS.SimpleQueueService.NonExistentQueue', Type: 'Sender' },
    })
    for (const url of ['http://localhost/210987654321/once', 'http://localhost/once', 'nonsense']) expect(await refusalName(sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'a' })))).toBe('QueueDoesNotExist')
    expect(await refusalName(sqs.send(new GetQueueUrlCommand({ QueueName: 'nowhere' })))).toBe('QueueDoesNotExist')
    const url = await create('going')
    await sqs.send(new DeleteQueueCommand({ QueueUrl: url }))
    expect(await refusalName(receive(url))).toBe('QueueDoesNotExist')
  })

  test.each([
    ['a b', {}, 'InvalidParameterValue'],
    ['x'.repeat(81), {}, 'InvalidParameterValue'],
    ['plain', { FifoQueue: 'true' }, 'InvalidAttributeName'],
    ['plain.fifo', {}, 'InvalidParameterValue'],
    ['wrong', { Colour: 'red' }, 'InvalidAttributeName'],
    ['wrong', { VisibilityTimeout: '43201' }, 'InvalidAttributeValue'],
    ['wrong', { VisibilityTimeout: '' }, 'InvalidAttributeValue'],
    ['wrong', { MaximumMessageSize: '1048577' }, 'InvalidAttributeValue'],
    ['wrong', { MessageRetentionPeriod: '59' }, 'InvalidAttributeValue'],
    ['wrong', { ReceiveMessageWaitTimeSeconds: '21' }, 'InvalidAttributeValue'],
    ['wrong', { RedrivePolicy: '{"maxReceiveCount":1}' }, 'InvalidAttributeValue'],
    ['wrong', { RedrivePolicy: '{"maxReceiveCount":0,"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:told"}' }, 'InvalidAttributeValue'],
    ['wrong', { RedrivePolicy: '{"maxReceiveCount":3,"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:none"}' }, 'InvalidParameterValue'],
    ['wrong', { Policy: '{"Statement":[{"Effect":"Perhaps"}]}' }, 'InvalidAttributeValue'],
  ])('%s %j is refused: %s', async (name, given, outcome) => {
    expect(await refusalName(create(name, given))).toBe(outcome)
    expect(await refusalName(sqs.send(new GetQueueUrlCommand({ QueueName: name })))).toBe('QueueDoesNotExist')
  })

  test('are listed by prefix, page by page', async () => {
    for (const name of ['list-a', 'list-b', 'list-c']) await create(name)
    const list = (extra: object) => sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'list-', ...extra }))
    const names = (urls: string[] = []) => urls.map((url) => url.split('/').at(-1))
    const first = await list({ MaxResults: 2 })
    expect(names(first.QueueUrls)).toEqual(['list-a', 'list-b'])
    const rest = await list({ MaxResults: 2, NextToken: first.NextToken })
    expect([names(rest.QueueUrls), rest.NextToken]).toEqual([['list-c'], undefined])
  })

  test('tell whose dead-letter queue they are', async () => {
    const dead = await create('dead')
    const policy = JSON.stringify({ deadLetterTargetArn: 'arn:aws:sqs:us-east-1:123456789012:dead', maxReceiveCount: 3 })
    const source = await create('source', { RedrivePolicy: policy })
    expect((await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }))).queueUrls).toEqual([source])
    await set(source, { RedrivePolicy: '' })
    expect((await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: dead }))).queueUrls).toEqual([])
    await set(dead, { RedriveAllowPolicy: '{"redrivePermission":"denyAll"}' })
    expect(await refusal(set(source, { RedrivePolicy: policy }))).toContain('The dead-letter queue does not allow this source queue.')
    expect(await refusal(sqs.send(new CreateQueueCommand({ QueueName: 'source.fifo', Attributes: { FifoQueue: 'true', RedrivePolicy: policy } })))).toContain('Dead-letter queue must be of the same queue type.')
  })
})

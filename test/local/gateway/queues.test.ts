import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { startGateway } from '../../../local/gateway-process.ts'
import { account, admin, credentialsOf, region, standIn } from '../aws/harness.ts'
import { fixture, scratch } from '../lambda/functions.ts'

const aws = await standIn([admin])
const dir = scratch()
afterAll(() => aws.close())

it('reads queues in the gateway process, over a reload and a restart', async () => {
  writeFileSync(join(dir, 'principals.json'), '[]')
  const { sqs } = aws.as('admin')
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'work', Attributes: { VisibilityTimeout: '3' } }))
  const log = join(dir, 'log.jsonl')
  const read = (): string => readFileSync(log, 'utf8')
  const send = (MessageBody: string) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))
  const left = async (): Promise<unknown> => (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] }))).Attributes
  const functions = [fixture({ name: 'reader', handler: 'index.queue', credentials: credentialsOf('admin') })]
  const sources = [{ id: 'app/map', queueArn: `arn:aws:sqs:${region}:${account}:work`, queueUrl: QueueUrl, function: 'reader', batchSize: 10, windowSeconds: 0, reportsFailures: true }]
  const gateway = await startGateway({
    api: { id: 'a', account, region }, routes: [], functions, sources, endpoint: `http://127.0.0.1:${aws.port}`, principals: join(dir, 'principals.json'), log,
  }, { dir, started: () => undefined, failed: (why) => { throw new Error(why) } })
  try {
    await send('first')
    await gateway.listen(0)
    await expect.poll(read, { timeout: 10_000 }).toContain('{"read":"first"}')
    await gateway.reload({ routes: [], functions: [{ ...functions[0] ?? fixture(), memoryMb: 300 }], sources })
    await send('second')
    await expect.poll(read, { timeout: 10_000 }).toContain('{"read":"second"}')
    process.kill(gateway.pid, 'SIGKILL')
    // Whether or not the reader that was killed takes it along: then it comes again.
    await send('third')
    await expect.poll(read, { timeout: 10_000 }).toContain('{"read":"third"}')
    await expect.poll(left, { timeout: 5_000 }).toEqual({ ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: '0' })
  } finally {
    const stopping = Date.now()
    await gateway.stop()
    expect(Date.now() - stopping).toBeLessThan(1_900)
  }
})

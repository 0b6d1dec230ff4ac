import type { Context, SQSEvent, SQSRecord } from 'aws-lambda'
import { describe, expect, test } from 'vitest'
import { consume, Environment, Fault, iam, pipeline, post, queue, realm, type Clock, type Io, type Step, type Trigger } from 'sallyport'

interface Sent { readonly operation: string; readonly input: Readonly<Record<string, unknown>> }

/** A function with a queue: its clock is moved by its messages, and SQS answers with what it is told to. */
function worker(run: (payload: never, io: Io) => unknown, { fifo, timeout = 10, batch = 10, attempts = 100, sensitive = [], trigger }: { readonly fifo?: true; readonly timeout?: number; readonly batch?: number; readonly attempts?: number; readonly sensitive?: readonly string[]; readonly trigger?: Trigger<never> } = {}) {
  let now = Date.UTC(2026, 0, 1)
  const [sent, lines]: [Sent[], Record<string, unknown>[]] = [[], []]
  // The longest pause there is.
  const clock: Clock = { now: () => now, elapsed: () => now, wait: () => Promise.resolve(), jitter: (ms) => ms - 1, after: () => undefined, cancel: () => undefined }
  const handle = async ({ headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: Uint8Array | string }) => {
    sent.push({ operation: headers['x-amz-target']?.replace('AmazonSQS.', '') ?? '', input: JSON.parse(Buffer.from(body as string).toString()) as Sent['input'] })
    return { response: { statusCode: 200, headers: {}, body: Buffer.from('{}') } }
  }
  const environment = new Environment({
    variables: {
      QUEUE_ORDERS: 'https://sqs.us-east-1.amazonaws.com/123456789012/async', QUEUE_ORDERS_DEAD: 'https://sqs.us-east-1.amazonaws.com/123456789012/async-dead', TABLE_OUTCOMES: 'outcomes', KEY_WAITING: 'waiting', KEY_OUTCOMES: 'outcomes',
      QUEUE_QUEUE_ORDERS: 'https://sqs.us-east-1.amazonaws.com/123456789012/orders', QUEUE_QUEUE_ORDERS_DEAD: 'https://sqs.us-east-1.amazonaws.com/123456789012/orders-dead',
    },
    clock, write: (line) => { lines.push(JSON.parse(line) as Record<string, unknown>) },
    // The checksum of what was sent is not the subject.
    aws: { region: 'us-east-1', md5: false, credentials: { accessKeyId: 'x', secretAccessKey: 'x' }, requestHandler: { metadata: { handlerProtocol: 'http/1.1' }, handle, destroy: () => undefined, updateHttpClientConfig: () => undefined, httpHandlerConfigs: () => ({}) } },
  })
  const step: Step<never, unknown> = { kind: 'told', config: {}, needs: [], run }
  const begun: Trigger<never> = trigger ?? queue('orders', { readable: 'nothing in it is personal', batch, attempts, ...fifo && { fifo } })
  const orders = pipeline({ name: 'orders', timeout, sensitive, trigger: begun, steps: step })
  const handler = consume(orders, realm(), { stage: 'test', origins: {} }, environment)
  return {
    sent, lines,
    pass: (ms: number) => { now += ms },
    invoke: (records: readonly Partial<SQSRecord>[], seconds = timeout * batch) => {
      const end = now + seconds * 1_000
      return handler({ Records: records as SQSRecord[] }, { awsRequestId: 'invocation', getRemainingTimeInMillis: () => end - now } as Context)
    },
  }
}

interface Payload { readonly n: number; readonly code?: 'REJECTED' | 'STEP_FAILED' | 'IN_PROGRESS' | 'DUPLICATE'; readonly after?: number; readonly text?: string; readonly secret?: string }

const record = (messageId: string, payload: Payload | string, { count = 1, group }: { readonly count?: number; readonly group?: string } = {}): Partial<SQSRecord> => ({
  messageId, receiptHandle: `handle-${messageId}`, body: typeof payload === 'string' ? payload : JSON.stringify(payload),
  attributes: { ApproximateReceiveCount: String(count), ...group !== undefined && { MessageGroupId: group } } as SQSRecord['attributes'], messageAttributes: {},
})
const ending = ({ code, after }: Payload): unknown => {
  if (code !== undefined) throw new Fault(code, [], after)
  return 'done'
}
const failures = async (answer: Promise<{ batchItemFailures: { itemIdentifier: string }[] }>): Promise<string[]> => (await answer).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)

describe('a batch', () => {
  test('its messages run one after another, each an execution of its own, and only what must come again is reported', async () => {
    let running = 0
    const { invoke, lines } = worker(async (payload: Payload) => {
      expect(++running).toBe(1)
      await new Promise(setImmediate)
      running--
      return ending(payload)
    })
    expect(await failures(invoke([record('a', { n: 1 }), record('b', { n: 2, code: 'STEP_FAILED' }, { count: 3 }), record('c', { n: 3, code: 'DUPLICATE' }), record('d', { n: 4, code: 'REJECTED' })]))).toStrictEqual(['b'])
    expect(lines.map(({ message, attempt, outcome, fault }) => [message, attempt, outcome, fault])).toStrictEqual([['a', 1, 'done', undefined], ['b', 3, 'fault', 'STEP_FAILED'], ['c', 1, 'duplicate', undefined], ['d', 1, 'fault', 'REJECTED']])
    expect(new Set(lines.map(({ id }) => id)).size).toBe(4)
    for (const { id } of lines) expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  })

  test('a value under a sensitive name is masked in its own message, and is nothing to the next', async () => {
    const { invoke, lines } = worker(({ text }: Payload, io) => io.log({ text }), { sensitive: ['secret'] })
    await invoke([record('a', { n: 1, secret: 'sunflower', text: 'a sunflower' }), record('b', { n: 2, text: 'a sunflower' })])
    expect(lines.filter(({ event }) => event === 'log').map(({ text }) => text)).toStrictEqual(['a ***', 'a sunflower'])
  })

  test('none but the first is begun when less than its time is left', async () => {
    const seen: number[] = []
    const { invoke, pass, sent } = worker(({ n }: Payload) => { seen.push(n); pass(10_000) }, { timeout: 10, batch: 3 })
    // Of 22 seconds 12 are left behind the first, 2 behind the second.
    expect(await failures(invoke([record('a', { n: 1 }), record('b', { n: 2 }), record('c', { n: 3 })], 22))).toStrictEqual(['c'])
    expect(seen).toStrictEqual([1, 2])
    expect(sent).toMatchObject([{ operation: 'ChangeMessageVisibility', input: { ReceiptHandle: 'handle-c', VisibilityTimeout: 0 } }])
    expect(await failures(invoke([record('a', { n: 1 })], 5))).toStrictEqual([])
  })

  test('each has the time of its pipeline, or what is left of the invocation', async () => {
    const deadlines: number[] = []
    const { invoke, pass } = worker((_, io) => { deadlines.push(io.deadline - io.now()); pass(9_000) }, { timeout: 10, batch: 2 })
    await invoke([record('a', { n: 1 }), record('b', { n: 2 })], 19)
    // 10 s, less 0.7 s to settle; and of the 10 s that are left, one to put away what fails.
    expect(deadlines).toStrictEqual([9_300, 8_300])
  })

  test('what cannot be read as a record is left to the queue, and the others go on', async () => {
    const { invoke, lines } = worker(ending)
    expect(await failures(invoke([{ messageId: 'a' }, record('b', { n: 1 })]))).toStrictEqual(['a'])
    expect(lines.map(({ message }) => message)).toStrictEqual(['b'])
  })
})

describe('what comes again', () => {
  const visibility = async (payload: Payload, count: number, attempts = 100): Promise<unknown> => {
    const { invoke, sent } = worker(ending, { attempts })
    await invoke([record('a', payload, { count })])
    return sent.map(({ operation, input }) => [operation, input['VisibilityTimeout']])
  }

  // Full jitter: up to 5 × 2^(attempt - 1) seconds, 900 at most.
  test.each([[1, 5], [2, 10], [3, 20], [4, 40], [7, 320], [8, 640], [9, 900], [50, 900]])('attempt %i: within %i seconds', async (count, seconds) => {
    expect(await visibility({ n: 1, code: 'STEP_FAILED' }, count)).toStrictEqual([['ChangeMessageVisibility', seconds]])
  })

  test('not before a fault says', async () => {
    expect(await visibility({ n: 1, code: 'IN_PROGRESS', after: 63 }, 1)).toStrictEqual([['ChangeMessageVisibility', 63]])
    expect(await visibility({ n: 1, code: 'IN_PROGRESS', after: 1 }, 1)).toStrictEqual([['ChangeMessageVisibility', 5]])
  })

  test('behind the last attempt it is put away', async () => {
    expect(await visibility({ n: 1, code: 'STEP_FAILED' }, 3, 3)).toStrictEqual([['SendMessage', undefined]])
  })

  test('behind one without a word it is put away unread', async () => {
    const seen: number[] = []
    const { invoke, sent, lines } = worker(({ n }: Payload) => { seen.push(n) }, { attempts: 3 })
    expect(await failures(invoke([record('a', { n: 1 }, { count: 4 })]))).toStrictEqual([])
    expect([seen, sent.map(({ operation }) => operation), lines.map(({ fault, attempt }) => [fault, attempt])]).toStrictEqual([[], ['SendMessage'], [['IN_DOUBT', 4]]])
  })
})

describe('a fifo queue', () => {
  test('behind a failure the rest of its group waits unbegun, as long as it does; other groups go on', async () => {
    const seen: number[] = []
    const { invoke, sent } = worker((payload: Payload) => {
      seen.push(payload.n)
      return ending(payload)
    }, { fifo: true })
    expect(await failures(invoke([
      record('a1', { n: 1 }, { group: 'a' }), record('a2', { n: 2, code: 'STEP_FAILED' }, { group: 'a' }), record('b1', { n: 3 }, { group: 'b' }), record('a3', { n: 4 }, { group: 'a' }), record('b2', { n: 5 }, { group: 'b' }),
    ]))).toStrictEqual(['a2', 'a3'])
    expect(seen).toStrictEqual([1, 2, 3, 5])
    expect(sent.map(({ input }) => [input['ReceiptHandle'], input['VisibilityTimeout']])).toStrictEqual([['handle-a2', 5], ['handle-a3', 5]])
  })

  test('what never will go well does not hold its group up', async () => {
    const { invoke, sent } = worker(ending, { fifo: true })
    expect(await failures(invoke([record('a1', { n: 1, code: 'REJECTED' }, { group: 'a' }), record('a2', { n: 2 }, { group: 'a' })]))).toStrictEqual([])
    expect(sent).toMatchObject([{ operation: 'SendMessage', input: { QueueUrl: 'https://sqs.us-east-1.amazonaws.com/123456789012/orders-dead', MessageGroupId: 'a', MessageDeduplicationId: 'a1', MessageAttributes: { fault: { DataType: 'String', StringValue: 'REJECTED' } } } }])
  })
})

const dead = 'https://sqs.us-east-1.amazonaws.com/123456789012/orders-dead'
const text = (StringValue: unknown) => ({ DataType: 'String', StringValue })
const attribute = (stringValue: string) => ({ dataType: 'String' as const, stringValue })

describe('a dead letter', () => {
  test('keeps its body and its attributes, and says under which id it came', async () => {
    const { invoke, sent, lines } = worker(ending)
    await invoke([{ ...record('a', '{"n":1,"code":"REJECTED"}'), messageAttributes: { trace: attribute('t-1'), blob: { dataType: 'Binary', binaryValue: 'AQI=' } } }])
    expect(sent).toStrictEqual([{ operation: 'SendMessage', input: {
      QueueUrl: dead, MessageBody: '{"n":1,"code":"REJECTED"}',
      MessageAttributes: { trace: text('t-1'), blob: { DataType: 'Binary', BinaryValue: 'AQI=' }, first: text('a'), fault: text('REJECTED'), execution: text(lines[0]?.['id']) },
    } }])
  })

  const first = '5d6f2c1a-0b1e-4a3c-9d57-0d6c4f4e9a1b'
  const [fault, execution] = [attribute('STEP_FAILED'), attribute('00000000-0000-4000-8000-000000000000')]
  test('driven back has its first id in its origin, in its line and where it is put away again; seven attributes of its own are kept', async () => {
    const { invoke, sent, lines } = worker((_, io) => { throw new Fault(io.origin === '["","orders","5d6f2c1a-0b1e-4a3c-9d57-0d6c4f4e9a1b"]' ? 'REJECTED' : 'STEP_FAILED') }, { fifo: true })
    const own = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => [name, attribute(name)]))
    await invoke([{ ...record('other', { n: 1 }, { group: 'g' }), messageAttributes: { first: attribute(first), fault, execution, ...own } }])
    expect(lines[0]).toMatchObject({ message: first, fault: 'REJECTED', redriven: true })
    expect(sent).toMatchObject([{ input: { MessageDeduplicationId: 'other', MessageAttributes: { first: text(first), fault: text('REJECTED'), execution: text(lines[0]?.['id']) } } }])
    expect(Object.keys(sent[0]?.input['MessageAttributes'] as object)).toStrictEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'first', 'fault', 'execution'])
  })

  test.each([`${first} `, first.toUpperCase(), '["","orders","x"]', ''])('what is no id of SQS names nothing: %j', async (other) => {
    const origins: unknown[] = []
    const { invoke, lines } = worker((_, io) => { origins.push(io.origin) })
    await invoke([{ ...record('a', { n: 1 }), messageAttributes: { first: attribute(other) } }])
    expect(origins).toStrictEqual(['["","orders","a"]'])
    expect(lines[0]).not.toHaveProperty('redriven')
  })
})

test('what the door did not put into its queue is a dead letter, and says nothing of anybody\'s message', async () => {
  const { invoke, sent, lines } = worker(ending, { trigger: post('/orders', { mode: 'async', auth: iam() }) })
  // An id that somebody may know, before what never opens; and no id at all.
  for (const body of ['00000000-0000-4000-8000-000000000000.AAAA', '{"n":1}']) expect(await failures(invoke([record('a', body)]))).toStrictEqual([])
  expect(sent.map(({ operation, input }) => [operation, input['QueueUrl']])).toStrictEqual([['SendMessage', 'https://sqs.us-east-1.amazonaws.com/123456789012/async-dead'], ['SendMessage', 'https://sqs.us-east-1.amazonaws.com/123456789012/async-dead']])
  expect(lines.map(({ fault, request }) => [fault, request])).toStrictEqual([['DECRYPTION_FAILED', undefined], ['PAYLOAD_UNREADABLE', undefined]])
})

test('a pipeline without a queue has nothing to work on', () => {
  const told: Step<unknown, number> = { kind: 'told', config: {}, needs: [], run: () => 1 }
  const plain = pipeline({ name: 'plain', trigger: post('/plain', { auth: iam() }), steps: told })
  expect(() => consume(plain, realm(), { stage: 'test', origins: {} })).toThrow('pipeline plain: it has no queue')
})

test('events of something else are refused', async () => {
  const { invoke } = worker(ending)
  await expect(invoke(undefined as unknown as SQSEvent['Records'])).rejects.toThrow(TypeError)
})

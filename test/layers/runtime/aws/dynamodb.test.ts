import { expect, test } from 'vitest'
import { dynamodb } from '../../../../layers/runtime/aws/index.ts'
import { Environment } from '../../../../layers/runtime/environment.ts'

interface Request { readonly headers: Readonly<Record<string, string>> }

/** An environment whose requests are kept, and answered by nothing in particular. */
function recording(aws: object = {}): { readonly environment: Environment; readonly requests: Request[] } {
  const requests: Request[] = []
  const handle = (request: Request) => {
    requests.push(request)
    return Promise.resolve({ response: { statusCode: 200, headers: {}, body: Buffer.from('{}') } })
  }
  return { requests, environment: new Environment({ aws: { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, requestHandler: { handle }, ...aws } }) }
}

const item = (id: string) => ({ TableName: 'ledger', Item: { id: { S: id } } })

test('one client an environment, whose calls are counted, of each command', async () => {
  const { environment, requests } = recording()
  const tables = await dynamodb(environment)
  expect(await dynamodb(environment)).toBe(tables)
  expect(await dynamodb(recording().environment)).not.toBe(tables)
  await tables.put(item('1'))
  await tables.put(item('2'))
  await tables.delete({ TableName: 'ledger', Key: { id: { S: '1' } } })
  expect(environment.calls).toStrictEqual({ 'dynamodb:PutItem': 2, 'dynamodb:DeleteItem': 1 })
  expect(requests.map(({ headers }) => headers['x-amz-target'])).toStrictEqual(['DynamoDB_20120810.PutItem', 'DynamoDB_20120810.PutItem', 'DynamoDB_20120810.DeleteItem'])
})

test('commands that are under way at once each send their own input', async () => {
  const { environment, requests } = recording()
  const tables = await dynamodb(environment)
  await Promise.all(['1', '2', '3'].map((id) => tables.put(item(id))))
  expect(requests.map((request) => JSON.parse(String((request as { readonly body?: unknown }).body)) as unknown)).toStrictEqual([
    { TableName: 'ledger', Item: { id: { S: '1' } } }, { TableName: 'ledger', Item: { id: { S: '2' } } }, { TableName: 'ledger', Item: { id: { S: '3' } } },
  ])
})

test('a request names us, and no version of anything', async () => {
  const { environment, requests } = recording()
  await (await dynamodb(environment)).put(item('1'))
  expect(Object.entries(requests[0]?.headers ?? {}).filter(([name]) => /user-agent/i.test(name))).toStrictEqual([['user-agent', 'sallyport']])
})

test('what is sent reaches no logger, whoever sets one', async () => {
  const seen: unknown[] = []
  const note = (...told: unknown[]) => { seen.push(told) }
  const { environment } = recording({ logger: { debug: note, info: note, warn: note, error: note } })
  await (await dynamodb(environment)).put(item('a-canary-value'))
  expect(JSON.stringify(seen)).not.toContain('a-canary-value')
})

test('credentials that change are signed with at once', async () => {
  let asked = 0
  // They expire within the five minutes in which the SDK asks for new ones.
  const credentials = () => Promise.resolve({ accessKeyId: `key-${++asked}`, secretAccessKey: 'b', expiration: new Date(Date.now() + 1_000) })
  const { environment, requests } = recording({ credentials })
  const tables = await dynamodb(environment)
  await tables.put(item('1'))
  await tables.put(item('2'))
  const [first = '', second = ''] = requests.map(({ headers }) => /Credential=([\w-]+)\//.exec(headers['authorization'] ?? '')?.[1])
  expect(first).toMatch(/^key-\d+$/)
  expect(second).toMatch(/^key-\d+$/)
  expect(second).not.toBe(first)
})

import { DescribeTableCommand, GetItemCommand, ListTablesCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb'
import { ListKeysCommand } from '@aws-sdk/client-kms'
import { ListSecretsCommand } from '@aws-sdk/client-secrets-manager'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { account, admin, allow, rawRequest, refusal, refusalName, region, roleArn, standIn, writePrincipals, type Entry } from './harness.ts'

const table = `arn:aws:dynamodb:${region}:${account}:table/orders`
const reader: Entry = { name: 'reader', policies: [allow(['dynamodb:GetItem', 'dynamodb:PutItem'], table)] }

let aws: Awaited<ReturnType<typeof standIn>>
beforeAll(async () => {
  aws = await standIn([admin, reader])
})
afterAll(() => aws.close())

const list = { target: 'DynamoDB_20120810.ListTables', body: '{}', service: 'dynamodb' }
const answerOf = async (response: Response): Promise<[number, unknown]> => {
  const body = (await response.json()) as { __type: string }
  return [response.status, body.__type.split('#').at(-1)]
}

describe('signatures on the wire', () => {
  test('a request signed by hand is served', async () => {
    const response = await rawRequest({ ...list, port: aws.port })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ TableNames: [] })
  })

  const broken: [why: string, change: Partial<Parameters<typeof rawRequest>[0]>, name: string][] = [
    ['no signature', { change: (headers) => delete headers['authorization'] }, 'MissingAuthenticationTokenException'],
    ['a key id nobody has', { name: 'stranger' }, 'UnrecognizedClientException'],
    ['another operation than the signed one', { change: (h) => (h['x-amz-target'] = 'DynamoDB_20120810.DeleteTable') }, 'InvalidSignatureException'],
    ['another body than the signed one', { sentBody: '{"Limit":1}' }, 'InvalidSignatureException'],
    ['an unsigned x-amz header', { change: (h) => (h['x-amz-extra'] = '1') }, 'IncompleteSignatureException'],
    ['a signature for another service', { service: 'kms' }, 'InvalidSignatureException'],
    ['a signature for another region', { inRegion: 'us-east-1' }, 'InvalidSignatureException'],
    ['an old signature', { at: new Date(Date.now() - 6 * 60_000) }, 'InvalidSignatureException'],
    ['a changed signature', { change: (h) => (h['authorization'] = h['authorization']?.replace(/.$/, (c) => (c === '0' ? '1' : '0')) ?? '') }, 'InvalidSignatureException'],
  ]
  test.each(broken)('refuses %s', async (_, change, name) => {
    expect(await answerOf(await rawRequest({ ...list, port: aws.port, ...change }))).toEqual([400, name])
  })

  test('the SDK sees the names that AWS gives', async () => {
    expect(await refusal(aws.as('stranger').dynamodb.send(new ListTablesCommand({})))).toBe('UnrecognizedClientException: The security token included in the request is invalid.')
    expect(await refusalName(aws.as('stranger').kms.send(new ListKeysCommand({})))).toBe('UnrecognizedClientException')
    expect(await refusalName(aws.as('stranger').secrets.send(new ListSecretsCommand({})))).toBe('UnrecognizedClientException')
  })

  test('operations that are not there are refused by name, but only to those who signed', async () => {
    const response = await rawRequest({ ...list, target: 'DynamoDB_20120810.ListBackups', port: aws.port })
    expect(await response.json()).toEqual({
      __type: 'com.amazon.coral.service#UnknownOperationException', message: 'ListBackups is not implemented by this stand-in',
    })
    const inherited = await rawRequest({ ...list, target: 'DynamoDB_20120810.constructor', port: aws.port })
    expect(await answerOf(inherited)).toEqual([400, 'UnknownOperationException'])
  })

  test('a body that is not JSON, and one that is too large', async () => {
    expect(await answerOf(await rawRequest({ ...list, body: '{"a":', port: aws.port }))).toEqual([400, 'SerializationException'])
    const large = await rawRequest({ ...list, body: ' '.repeat(17 * 1024 * 1024), port: aws.port }).then(({ status }) => status, () => 'closed')
    expect([413, 'closed']).toContain(large)
  })
})

describe('authorization', () => {
  test('what the policy does not say is denied, in words without values', async () => {
    const { dynamodb } = aws.as('reader')
    expect(await refusal(dynamodb.send(new DescribeTableCommand({ TableName: 'orders' }))))
      .toBe(`AccessDeniedException: User: ${roleArn('reader')} is not authorized to perform: dynamodb:DescribeTable on resource: ${table}`)
    // Allowed, and only then found missing.
    expect(await refusalName(dynamodb.send(new GetItemCommand({ TableName: 'orders', Key: { id: { S: 'a' } } })))).toBe('ResourceNotFoundException')
    expect(await refusalName(dynamodb.send(new GetItemCommand({ TableName: 'other', Key: { id: { S: 'a' } } })))).toBe('AccessDeniedException')
  })

  test('a transaction needs the permission of each part', async () => {
    const put = { Put: { TableName: 'orders', Item: { id: { S: '4111111111111111' } } } }
    const check = { ConditionCheck: { TableName: 'orders', Key: { id: { S: 'b' } }, ConditionExpression: 'attribute_not_exists(id)' } }
    const { dynamodb } = aws.as('reader')
    expect(await refusalName(dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [put] })))).toBe('ResourceNotFoundException')
    const denied = await refusal(dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [put, check] })))
    expect(denied).toContain('dynamodb:ConditionCheckItem')
    expect(denied).not.toContain('4111')
  })

  test('a role that is registered later is known at once, and one that is removed is not', async () => {
    const late: Entry = { name: 'late', policies: [allow(['dynamodb:ListTables'])] }
    expect(await refusalName(aws.as('late').dynamodb.send(new ListTablesCommand({})))).toBe('UnrecognizedClientException')
    writePrincipals(aws.config.principals, [admin, reader, late])
    expect(await refusalName(aws.as('late').dynamodb.send(new ListTablesCommand({})))).toBe('resolved')
    writePrincipals(aws.config.principals, [admin, reader])
    expect(await refusalName(aws.as('late').dynamodb.send(new ListTablesCommand({})))).toBe('UnrecognizedClientException')
  })

  test('a principals file that cannot be understood refuses everybody', async () => {
    writePrincipals(aws.config.principals, [admin, { name: 'odd', policies: [{ Statement: [{ Effect: 'Allow', Action: '*', Resource: '*', Condition: { DateLessThan: { a: 'b' } } }] }] }])
    const response = await rawRequest({ ...list, port: aws.port })
    expect(response.status).toBe(500)
    expect(await response.text()).toContain('DateLessThan')
    writeFileSync(aws.config.principals, '[{"secretAccessKey":"hush"')
    const broken = await rawRequest({ ...list, port: aws.port })
    expect([broken.status, (await broken.text()).includes('hush')]).toEqual([500, false])
    writePrincipals(aws.config.principals, [admin, reader])
    expect((await rawRequest({ ...list, port: aws.port })).status).toBe(200)
  })
})

describe('the call log', () => {
  test('one line a request, with the role, before the answer arrives', async () => {
    const before = aws.calls().length
    await aws.as('admin').kms.send(new ListKeysCommand({}))
    await refusal(aws.as('reader').kms.send(new ListKeysCommand({})))
    await rawRequest({ ...list, port: aws.port, change: (headers) => delete headers['authorization'] })
    expect(aws.calls().slice(before)).toEqual([
      { at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), role: 'admin', service: 'kms', operation: 'ListKeys', status: 200 },
      { at: expect.any(String), role: 'reader', service: 'kms', operation: 'ListKeys', status: 400 },
      { at: expect.any(String), role: '', service: 'dynamodb', operation: 'ListTables', status: 400 },
    ])
  })
})

describe('control routes', () => {
  test('health is open, the plan needs the token, the rest is not there', async () => {
    expect(await (await fetch(`http://127.0.0.1:${aws.port}/_local/health`)).json()).toEqual({ status: 'ok' })
    expect((await aws.control('/_local/faults', 'PUT', [], 'wrong')).status).toBe(403)
    expect((await aws.control('/_local/faults', 'PUT', [])).status).toBe(200)
    expect((await aws.control('/_local/faults', 'PUT', [{ service: 'kms' }])).status).toBe(400)
    expect((await aws.control('/_local/else', 'GET')).status).toBe(404)
  })
})

import { PutItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { GenerateMacCommand, KMSClient } from '@aws-sdk/client-kms'
import { expect, test } from 'vitest'
import { address } from '../../../layers/runtime/address.ts'
import { Environment } from '../../../layers/runtime/environment.ts'
import { ledgerTable } from '../../../layers/runtime/keys.ts'

const answering = { handle: () => Promise.resolve({ response: { statusCode: 200, headers: {}, body: Buffer.from('{}') } }) }
const aws = { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' }, requestHandler: answering }

test('one client of a class, made with our limits, whose calls are counted by service and operation', async () => {
  const environment = new Environment({ aws })
  const tables = environment.client(DynamoDBClient)
  expect(environment.client(DynamoDBClient)).toBe(tables)
  expect(await tables.config.maxAttempts()).toBe(3)
  const put = new PutItemCommand({ TableName: 'ledger', Item: {} })
  await tables.send(put)
  await tables.send(put)
  await environment.client(KMSClient).send(new GenerateMacCommand({ KeyId: 'k', Message: new Uint8Array(1), MacAlgorithm: 'HMAC_SHA_256' }))
  expect(environment.calls).toStrictEqual({ 'dynamodb:PutItem': 2, 'kms:GenerateMac': 1 })
  environment.calls = {}
  await tables.send(put)
  expect(environment.calls).toStrictEqual({ 'dynamodb:PutItem': 1 })
})

test('two environments share nothing: neither clients, nor addresses, nor lines', () => {
  const lines: string[][] = [[], []]
  const [a, b] = lines.map((own, i) => new Environment({ aws, variables: { TABLE_LEDGER: `ledger-${i}` }, write: (line) => own.push(line) })) as [Environment, Environment]
  expect(a.client(DynamoDBClient)).not.toBe(b.client(DynamoDBClient))
  expect([address(ledgerTable, a), address(ledgerTable, b)]).toStrictEqual(['ledger-0', 'ledger-1'])
  expect(() => address(ledgerTable, new Environment({ variables: {} }))).toThrow('table ledger is not among the needs of this pipeline')
  a.sink.emit({ event: 'a' })
  expect(lines).toStrictEqual([['{"event":"a"}'], []])
})

test('what is made for an environment is made once', () => {
  const environment = new Environment()
  let made = 0
  const make = () => ({ number: ++made })
  expect(environment.one(make)).toBe(environment.one(make))
  expect(made).toBe(1)
})

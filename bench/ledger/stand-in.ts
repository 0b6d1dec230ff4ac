import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms'
import { indexed } from '../../layers/runtime/ledger-open.ts'
import { keyOfItem } from '../../local/aws/dynamodb/table.ts'
import type { Item } from '../../local/aws/dynamodb/value.ts'
import { schemas } from '../../local/aws/services.ts'
import { openStore } from '../../local/aws/store.ts'
import { startChild } from '../../local/child.ts'

/** The stand-in for AWS in a process of its own, with the tables of both sides. */
export interface StandIn {
  /** What a client of the SDK is made with. */
  readonly aws: { readonly endpoint: string; readonly region: string; readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } }
  /** Operations of DynamoDB that it was asked for since it began, in order. */
  readonly operations: () => string[]
  stop(): Promise<void>
}

const region = 'eu-central-1'
const credentials = { accessKeyId: 'LKIABENCH', secretAccessKey: 'the-key-of-a-bench-on-loopback' }
const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }

export async function startStandIn(dir: string): Promise<StandIn> {
  mkdirSync(dir, { recursive: true })
  const [principals, calls] = [join(dir, 'principals.json'), join(dir, 'calls.jsonl')]
  writeFileSync(principals, JSON.stringify([{ ...credentials, arn: 'arn:aws:iam::111122223333:role/bench', policies: [everything] }]), { mode: 0o600 })
  const child = await startChild<never, { port: number }>({
    title: 'the stand-in for AWS', script: 'aws/main', output: join(dir, 'processes.log'),
    env: { SALLYPORT_AWS: JSON.stringify({ dir: join(dir, 'aws'), port: 0, calls, principals, region, account: '111122223333', token: randomBytes(16).toString('hex') }) },
  })
  return {
    aws: { endpoint: `http://127.0.0.1:${child.first.port}`, region, credentials },
    operations: () => readFileSync(calls, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as { service: string; operation: string }).filter(({ service }) => service === 'dynamodb').map(({ operation }) => operation),
    stop: () => child.stop(),
  }
}

/** The tables `ledger` and `keys` as the template has them, `powertools` as its documentation has it, and the realm's key: gives its ARN. */
export async function makeTables({ aws }: StandIn): Promise<string> {
  const [dynamodb, kms] = [new DynamoDBClient(aws), new KMSClient(aws)]
  try {
    const text = (...names: string[]) => names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const }))
    await dynamodb.send(new CreateTableCommand({
      TableName: 'ledger', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }], AttributeDefinitions: [...text('id', 'open'), { AttributeName: 'lease', AttributeType: 'N' }],
      GlobalSecondaryIndexes: [{ IndexName: 'open', KeySchema: [{ AttributeName: 'open', KeyType: 'HASH' }, { AttributeName: 'lease', KeyType: 'RANGE' }], Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: [...indexed] } }],
    }))
    await dynamodb.send(new CreateTableCommand({ TableName: 'keys', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'pair', KeyType: 'HASH' }, { AttributeName: 'kid', KeyType: 'RANGE' }], AttributeDefinitions: text('pair', 'kid') }))
    await dynamodb.send(new CreateTableCommand({ TableName: 'powertools', BillingMode: 'PAY_PER_REQUEST', KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }], AttributeDefinitions: text('id') }))
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }))
    return KeyMetadata?.Arn ?? ''
  } finally {
    dynamodb.destroy()
    kms.destroy()
  }
}

/** Puts confirmed items into the ledger, past HTTP; while the stand-in of the folder does not run. */
export function fill(dir: string, count: number): void {
  const store = openStore(join(dir, 'aws'), schemas)
  const now = Date.now()
  const keys = { hash: { name: 'id', type: 'S' as const } }
  const digest = (): string => randomBytes(32).toString('base64url')
  const insert = store.statement('INSERT INTO ddb_items (tbl, h, r, item) VALUES (?, ?, ?, ?)')
  store.write(() => {
    for (let i = 0; i < count; i++) {
      const item: Item = {
        id: { S: digest() }, state: { S: 'confirmed' }, attempt: { S: randomBytes(16).toString('base64url') }, pipeline: { S: 'loans' }, fingerprint: { S: digest() }, digestVersion: { N: '1' },
        firstClaimedAt: { N: String(now) }, repeatable: { N: String(now + 3_600_000) }, days: { N: '365' }, expires: { N: String(Math.ceil(now / 1_000) + 31_536_000) }, confirmedAt: { N: String(now) },
      }
      const { h, r } = keyOfItem(keys, item)
      insert.run('ledger', h, r, JSON.stringify(item))
    }
  })
  store.close()
}

import { setTimeout as pause } from 'node:timers/promises'
import {
  CreateTableCommand, DescribeTableCommand, DescribeTimeToLiveCommand, UpdateContinuousBackupsCommand, UpdateTableCommand, UpdateTimeToLiveCommand,
  type DynamoDBClient, type TableDescription,
} from '@aws-sdk/client-dynamodb'
import { isNamed } from './clients.ts'
import { tablesOf, type WantedIndex, type WantedTable } from './template/state.ts'
import type { Template } from './template/template.ts'

async function described(dynamodb: DynamoDBClient, name: string): Promise<TableDescription | undefined> {
  try {
    return (await dynamodb.send(new DescribeTableCommand({ TableName: name }))).Table
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return undefined
    throw error
  }
}

/** Waits for a table and all of its indexes. */
async function active(dynamodb: DynamoDBClient, name: string): Promise<TableDescription> {
  for (let waited = 0; ; waited += 100) {
    const table = await described(dynamodb, name)
    if (table?.TableStatus === 'ACTIVE' && (table.GlobalSecondaryIndexes ?? []).every(({ IndexStatus }) => IndexStatus === 'ACTIVE')) return table
    if (waited > 30_000) throw new Error(`table ${name} did not become active`)
    await pause(100)
  }
}

/** Keys and projection in one text, whatever else the API says of an index. */
const shapeOf = ({ KeySchema = [], Projection = {} }: Partial<WantedIndex> | NonNullable<TableDescription['GlobalSecondaryIndexes']>[number]): string =>
  JSON.stringify([KeySchema.map(({ AttributeName, KeyType }) => [AttributeName, KeyType]), Projection.ProjectionType, [...Projection.NonKeyAttributes ?? []].sort()])

/** Adds the indexes that a table of an earlier run does not have: one a call, as DynamoDB takes them. */
async function addIndexes(dynamodb: DynamoDBClient, { name, attributes, indexes }: WantedTable): Promise<void> {
  for (const index of indexes) {
    const before = (await active(dynamodb, name)).GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === index.IndexName)
    if (before && shapeOf(before) !== shapeOf(index)) throw new Error(`index ${index.IndexName} of table ${name} has other keys or attributes at the endpoint; npm run reset starts anew`)
    if (before) continue
    const keys = new Set(index.KeySchema.map(({ AttributeName }) => AttributeName))
    await dynamodb.send(new UpdateTableCommand({
      TableName: name, AttributeDefinitions: attributes.filter(({ AttributeName }) => keys.has(AttributeName)), GlobalSecondaryIndexUpdates: [{ Create: index }],
    }))
  }
  await active(dynamodb, name)
}

/** Creates the template's tables where they are missing, with their indexes, time to live and point-in-time recovery. */
export async function provisionTables(template: Template, dynamodb: DynamoDBClient): Promise<void> {
  for (const wanted of tablesOf(template)) {
    const { name, attributes, keys, indexes, billing, encryption, deletionProtection, timeToLive, recovery } = wanted
    if (await described(dynamodb, name) === undefined) {
      await dynamodb.send(new CreateTableCommand({
        TableName: name, AttributeDefinitions: [...attributes], KeySchema: [...keys], BillingMode: billing, DeletionProtectionEnabled: deletionProtection,
        ...indexes.length > 0 && { GlobalSecondaryIndexes: [...indexes] },
        ...encryption && { SSESpecification: { Enabled: encryption.SSEEnabled, SSEType: encryption.SSEType, KMSMasterKeyId: encryption.KMSMasterKeyId } },
      }))
    }
    await addIndexes(dynamodb, wanted)
    if (timeToLive !== undefined) {
      const { TimeToLiveDescription } = await dynamodb.send(new DescribeTimeToLiveCommand({ TableName: name }))
      // DynamoDB refuses to switch on what is on.
      if (!TimeToLiveDescription?.TimeToLiveStatus?.startsWith('ENABL')) {
        await dynamodb.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification: { AttributeName: timeToLive, Enabled: true } }))
      }
    }
    if (recovery) await dynamodb.send(new UpdateContinuousBackupsCommand({ TableName: name, PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }))
  }
}

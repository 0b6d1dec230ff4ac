import { setTimeout as pause } from 'node:timers/promises'
import {
  CreateTableCommand, DescribeTableCommand, DescribeTimeToLiveCommand, UpdateContinuousBackupsCommand, UpdateTimeToLiveCommand, type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import { isNamed } from './clients.ts'
import { tablesOf } from './template/state.ts'
import type { Template } from './template/template.ts'

async function status(dynamodb: DynamoDBClient, name: string): Promise<string | undefined> {
  try {
    return (await dynamodb.send(new DescribeTableCommand({ TableName: name }))).Table?.TableStatus
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return undefined
    throw error
  }
}

/** Creates the template's tables where they are missing, with time to live and point-in-time recovery. */
export async function provisionTables(template: Template, dynamodb: DynamoDBClient): Promise<void> {
  for (const { name, attributes, keys, billing, encryption, deletionProtection, timeToLive, recovery } of tablesOf(template)) {
    if (await status(dynamodb, name) === undefined) {
      await dynamodb.send(new CreateTableCommand({
        TableName: name, AttributeDefinitions: [...attributes], KeySchema: [...keys], BillingMode: billing, DeletionProtectionEnabled: deletionProtection,
        ...encryption && { SSESpecification: { Enabled: encryption.SSEEnabled, SSEType: encryption.SSEType, KMSMasterKeyId: encryption.KMSMasterKeyId } },
      }))
    }
    for (let waited = 0; await status(dynamodb, name) !== 'ACTIVE'; waited += 100) {
      if (waited > 30_000) throw new Error(`table ${name} did not become active`)
      await pause(100)
    }
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

import {
  DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand, ScanCommand, TransactWriteItemsCommand, UpdateItemCommand,
  type AttributeValue, type DeleteItemCommandInput, type GetItemCommandInput, type PutItemCommandInput, type QueryCommandInput, type ScanCommandInput, type TransactWriteItemsCommandInput, type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import type { Environment } from '../environment.ts'

export type Item = Record<string, AttributeValue>

export function connect(environment: Environment) {
  const client = environment.client(DynamoDBClient)
  return {
    get: (input: GetItemCommandInput) => client.send(new GetItemCommand(input)),
    put: (input: PutItemCommandInput) => client.send(new PutItemCommand(input)),
    update: (input: UpdateItemCommandInput) => client.send(new UpdateItemCommand(input)),
    delete: (input: DeleteItemCommandInput) => client.send(new DeleteItemCommand(input)),
    transact: (input: TransactWriteItemsCommandInput) => client.send(new TransactWriteItemsCommand(input)),
    page: (input: QueryCommandInput) => client.send(new QueryCommand(input)),
    scan: (input: ScanCommandInput) => client.send(new ScanCommand(input)),
    /** All pages. */
    async query(input: QueryCommandInput): Promise<{ readonly Items: Item[] }> {
      const Items: Item[] = []
      for (let ExclusiveStartKey: Item | undefined; ;) {
        const page = await client.send(new QueryCommand({ ...input, ...ExclusiveStartKey && { ExclusiveStartKey } }))
        Items.push(...page.Items ?? [])
        if (page.LastEvaluatedKey === undefined) return { Items }
        ExclusiveStartKey = page.LastEvaluatedKey
      }
    },
  }
}

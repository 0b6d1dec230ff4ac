import {
  DeleteItemCommand, DynamoDBClient, PutItemCommand, QueryCommand, UpdateItemCommand,
  type AttributeValue, type DeleteItemCommandInput, type PutItemCommandInput, type QueryCommandInput, type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { limits } from './limits.ts'

export type Item = Record<string, AttributeValue>

let shared: ReturnType<typeof make> | undefined
export const connect = () => shared ??= make()

function make() {
  const client = new DynamoDBClient(limits)
  return {
    put: (input: PutItemCommandInput) => client.send(new PutItemCommand(input)),
    update: (input: UpdateItemCommandInput) => client.send(new UpdateItemCommand(input)),
    delete: (input: DeleteItemCommandInput) => client.send(new DeleteItemCommand(input)),
    query: (input: QueryCommandInput) => client.send(new QueryCommand(input)),
  }
}

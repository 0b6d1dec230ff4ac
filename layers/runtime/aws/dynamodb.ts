import {
  DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand, ScanCommand, TransactWriteItemsCommand, UpdateItemCommand,
  type AttributeValue, type DeleteItemCommandInput, type GetItemCommandInput, type PutItemCommandInput, type QueryCommandInput, type ScanCommandInput, type TransactWriteItemsCommandInput, type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import type { Environment } from '../environment.ts'
import { Sha256 } from './sha256.ts'

export type Item = Record<string, AttributeValue>

/**
 * A message asks DynamoDB twice, and other services mostly once an execution environment: here goes what each call of the SDK
 * pays for and no pipeline has of it.
 */
class Lean extends DynamoDBClient {
  constructor(settings: object) {
    // How a command is sent is put together once: nothing of it changes later.
    super({ ...settings, cacheMiddleware: true, sha256: Sha256 })
    // Copies what is sent and what comes back, attribute by attribute, for a logger that is not there.
    this.middlewareStack.remove('loggerMiddleware')
    // Writes the versions of SDK, system and Node anew into each request. CloudTrail shows who it is by this.
    this.middlewareStack.remove('getUserAgentMiddleware')
    this.middlewareStack.add((next) => (call) => {
      (call.request as { readonly headers: Record<string, string> }).headers['user-agent'] = 'sallyport'
      return next(call)
    }, { step: 'build', name: 'nameMiddleware' })
    // One signer instead of one a request; it asks for the credentials each time.
    const { signer } = this.config
    let made: ReturnType<typeof signer> | undefined
    this.config.signer = (scheme) => made ??= signer(scheme)
  }
}

export function connect(environment: Environment) {
  const client = environment.client(Lean)
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

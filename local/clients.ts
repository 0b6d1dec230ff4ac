import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { KMSClient } from '@aws-sdk/client-kms'
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { SQSClient } from '@aws-sdk/client-sqs'

/** Where the AWS services are, and as whom we ask them. */
export interface Endpoint {
  readonly url: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
}

export interface Clients {
  readonly endpoint: Endpoint
  readonly dynamodb: DynamoDBClient
  readonly kms: KMSClient
  readonly secrets: SecretsManagerClient
  readonly sqs: SQSClient
  close(): void
}

/** The clients of an endpoint, by which everything is created: through public APIs alone. */
export function clients(endpoint: Endpoint): Clients {
  const { url, region, credentials } = endpoint
  // A copy: the SDK writes into what it is given.
  const options = { endpoint: url, region, credentials: { ...credentials } }
  const made = { dynamodb: new DynamoDBClient(options), kms: new KMSClient(options), secrets: new SecretsManagerClient(options), sqs: new SQSClient(options) }
  return { endpoint, ...made, close: () => Object.values(made).forEach((client) => client.destroy()) }
}

/** Whether an error of AWS has this name. */
export const isNamed = (error: unknown, ...names: readonly string[]): boolean => error instanceof Error && names.includes(error.name)

import type { Environment } from './environment.ts'
import { ledgerTable } from './keys.ts'
import { variable } from './resource.ts'

/**
 * Millionths of a US dollar, on demand in us-east-1 without free tiers: what infra/prices.ts has, by the call. An
 * execution's line must say what it cost without knowing more than itself, so this is an estimate: logs, traffic, retries
 * and keys by the month are not in it, a write is one unit and a read is one, and calls that are not here cost nothing. A claim
 * and its end are two units each, as infra/cost.ts has them: an entry of the ledger's index comes and goes with them.
 */
export const prices = {
  apiRequest: 1,
  lambdaRequest: 0.2,
  lambdaGbSecond: 13.3334,
  dynamodbWrite: 0.625,
  dynamodbRead: 0.125,
  kmsRequest: 3,
  kmsAsymmetricRequest: 15,
  secretRequest: 5,
  s3Write: 5,
  s3Read: 0.4,
  sqsRequest: 0.4,
  /** Of a message that waited, instead of an API request: sent, received and deleted. */
  waited: 3 * 0.4,
} as const

const { dynamodbWrite, dynamodbRead, kmsRequest, kmsAsymmetricRequest, secretRequest, s3Write, s3Read, sqsRequest } = prices
const calls: Readonly<Record<string, number>> = {
  'dynamodb:PutItem': dynamodbWrite, 'dynamodb:UpdateItem': dynamodbWrite, 'dynamodb:DeleteItem': dynamodbWrite,
  // Two items, each twice for the transaction, and an entry of the index.
  'dynamodb:TransactWriteItems': 6 * dynamodbWrite, 'dynamodb:GetItem': dynamodbRead, 'dynamodb:Query': dynamodbRead, 'dynamodb:Scan': dynamodbRead,
  'kms:Decrypt': kmsRequest, 'kms:Encrypt': kmsRequest, 'kms:GenerateDataKey': kmsRequest, 'kms:GenerateMac': kmsRequest, 'kms:VerifyMac': kmsRequest,
  'kms:DeriveSharedSecret': kmsAsymmetricRequest, 'kms:GetPublicKey': kmsAsymmetricRequest, 'kms:Sign': kmsAsymmetricRequest, 'kms:Verify': kmsAsymmetricRequest,
  'secretsmanager:GetSecretValue': secretRequest,
  's3:PutObject': s3Write, 's3:GetObject': s3Read, 's3:HeadObject': s3Read,
  'sqs:SendMessage': sqsRequest, 'sqs:ChangeMessageVisibility': sqsRequest,
}

/** What an execution cost, in millionths of a US dollar with two decimals. `came`: what it cost that the message came here. */
export function cost(ms: number, made: Readonly<Record<string, number>>, environment: Environment, came: number = prices.apiRequest): number {
  let sum = came + prices.lambdaRequest + ms * environment.megabytes * (prices.lambdaGbSecond / 1_024_000)
  for (const call in made) sum += (calls[call] ?? 0) * (made[call] as number)
  if (environment.one(claims)) sum += indexed(made) * dynamodbWrite
  return Math.round(sum * 100) / 100
}

/** Whether the function has a ledger. */
const claims = ({ variables }: Environment): boolean => variables[variable(ledgerTable)] !== undefined

/** Writes that change the index: what is put into a store is not followed by an end, and a refused claim changes nothing. */
const indexed = ({ 'dynamodb:PutItem': put = 0, 'dynamodb:UpdateItem': updated = 0, 'dynamodb:DeleteItem': deleted = 0 }: Readonly<Record<string, number>>): number => 2 * Math.min(put, updated + deleted)

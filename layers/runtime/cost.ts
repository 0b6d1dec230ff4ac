import type { Environment } from './environment.ts'
import { ledgerTable } from './keys.ts'
import { variable } from './resource.ts'

const dynamodbWrite = 0.625
const dynamodbRead = 0.125
const kmsRequest = 3
const kmsAsymmetricRequest = 15
const secretRequest = 5
const s3Write = 5
const s3Read = 0.4
const sqsRequest = 0.4

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
  dynamodbWrite, dynamodbRead, kmsRequest, kmsAsymmetricRequest, secretRequest, s3Write, s3Read, sqsRequest,
  /** Of a message that waited, instead of an API request: sent, received and deleted. */
  waited: 3 * sqsRequest,
} as const

/** By service and operation. */
const calls: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  dynamodb: {
    PutItem: dynamodbWrite, UpdateItem: dynamodbWrite, DeleteItem: dynamodbWrite, GetItem: dynamodbRead, Query: dynamodbRead, Scan: dynamodbRead,
    // Two items, each twice for the transaction, and an entry of the index.
    TransactWriteItems: 6 * dynamodbWrite,
  },
  kms: {
    Decrypt: kmsRequest, Encrypt: kmsRequest, GenerateDataKey: kmsRequest, GenerateMac: kmsRequest, VerifyMac: kmsRequest,
    DeriveSharedSecret: kmsAsymmetricRequest, GetPublicKey: kmsAsymmetricRequest, Sign: kmsAsymmetricRequest, Verify: kmsAsymmetricRequest,
  },
  secretsmanager: { GetSecretValue: secretRequest },
  s3: { PutObject: s3Write, GetObject: s3Read, HeadObject: s3Read },
  sqs: { SendMessage: sqsRequest, ChangeMessageVisibility: sqsRequest },
}

/** What an execution cost, in millionths of a US dollar with two decimals. `came`: what it cost that the message came here. */
export function cost(ms: number, made: Readonly<Record<string, number>>, environment: Environment, came: number = prices.apiRequest): number {
  let sum = came + prices.lambdaRequest + ms * environment.megabytes * (prices.lambdaGbSecond / 1_024_000)
  for (const call in made) {
    const [service = '', operation = ''] = call.split(':')
    sum += (calls[service]?.[operation] ?? 0) * (made[call] as number)
  }
  if (environment.one(claims)) sum += indexed(made) * dynamodbWrite
  return Math.round(sum * 100) / 100
}

/** Whether the function has a ledger. */
const claims = ({ variables }: Environment): boolean => variables[variable(ledgerTable)] !== undefined

/** Writes that change the index: what is put into a store is not followed by an end, and a refused claim changes nothing. */
const indexed = ({ 'dynamodb:PutItem': put = 0, 'dynamodb:UpdateItem': updated = 0, 'dynamodb:DeleteItem': deleted = 0 }: Readonly<Record<string, number>>): number => 2 * Math.min(put, updated + deleted)

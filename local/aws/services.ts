import type { Operations } from './operation.ts'
import { dynamodb } from './dynamodb/operations.ts'
import { schema as dynamodbSchema } from './dynamodb/schema.ts'
import { eventOperations } from './events/put-events.ts'
import { ruleOperations } from './events/rules.ts'
import { schema as eventsSchema } from './events/schema.ts'
import type { Failure } from './failure.ts'
import type { ServiceName } from './faults.ts'
import { kms } from './kms/operations.ts'
import { schema as kmsSchema } from './kms/schema.ts'
import { schema as s3Schema } from './s3/schema.ts'
import { secretsmanager } from './secrets/operations.ts'
import { schema as secretsSchema } from './secrets/schema.ts'
import { queryError } from './sqs/failures.ts'
import { sqs } from './sqs/operations.ts'
import { schema as sqsSchema } from './sqs/schema.ts'

type Service = {
  readonly name: ServiceName
  readonly operations: Operations
  /** awsJson1.0 or 1.1. */
  readonly contentType: string
  /** What an exception's name is prefixed with. */
  readonly namespace: string
  readonly messageMember: 'message' | 'Message'
  /** What of a failure is not told by its name alone. */
  readonly spells?: (failure: Failure) => { readonly status: number; readonly headers: Readonly<Record<string, string>> }
}

/** The services of a JSON protocol by the first part of `X-Amz-Target`. */
export const services: Readonly<Record<string, Service>> = {
  DynamoDB_20120810: {
    name: 'dynamodb', operations: dynamodb, contentType: 'application/x-amz-json-1.0',
    namespace: 'com.amazonaws.dynamodb.v20120810#', messageMember: 'message',
  },
  TrentService: { name: 'kms', operations: kms, contentType: 'application/x-amz-json-1.1', namespace: '', messageMember: 'message' },
  secretsmanager: {
    name: 'secretsmanager', operations: secretsmanager, contentType: 'application/x-amz-json-1.1', namespace: '', messageMember: 'Message',
  },
  AWSEvents: { name: 'events', operations: { ...ruleOperations, ...eventOperations }, contentType: 'application/x-amz-json-1.1', namespace: '', messageMember: 'message' },
  AmazonSQS: {
    name: 'sqs', operations: sqs, contentType: 'application/x-amz-json-1.0', namespace: 'com.amazonaws.sqs#', messageMember: 'message',
    // Its JSON protocol keeps the statuses and names of the Query protocol that came before.
    spells: (failure) => ({ status: failure.code === 'AccessDeniedException' ? 403 : failure.status, headers: { 'x-amzn-query-error': queryError(failure) } }),
  },
}

export type { Service }

export const schemas: readonly string[] = [dynamodbSchema, kmsSchema, secretsSchema, s3Schema, sqsSchema, eventsSchema]

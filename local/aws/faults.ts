import { Failure, invalid } from './failure.ts'
import { list, object, optionalWhole, text, type Members } from './members.ts'
import { conflicted } from './dynamodb/transact.ts'
import { failure as s3Failure, statusOf } from './s3/failure.ts'

export type ServiceName = 'dynamodb' | 'kms' | 'secretsmanager' | 's3' | 'sqs' | 'events'

/** One line of the plan: what happens to the next `times` calls of an operation. */
export type Fault = { readonly service: string; readonly operation: string; readonly error: string; times: number }

/** How a fault shows. `at`: before the operation runs, or after it has run and before the reply. */
export type Effect =
  | { readonly at: 'before' | 'after'; readonly kind: 'silence' | 'reset' | 'kill' }
  | { readonly at: 'before'; readonly kind: 'answer'; readonly failure: Failure }

type Call = { readonly service: ServiceName; readonly operation: string; readonly input: Members; readonly arn: string }

const answer = (failure: Failure): Effect => ({ at: 'before', kind: 'answer', failure })

const throughput = new Set(['PutItem', 'GetItem', 'UpdateItem', 'DeleteItem', 'Query', 'Scan', 'TransactWriteItems', 'TransactGetItems'])

// DynamoDB throttles item operations on a table's throughput, and everything else as the other services do.
function throttle({ service, operation }: Call): Failure {
  if (service === 's3') return s3Failure('SlowDown', 'Please reduce your request rate.')
  // By its name and status in the API's model; not ThrottlingException, which SQS shares with all services in the documentation alone
  // (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html#API_SendMessage_Errors).
  if (service === 'sqs') return new Failure('RequestThrottled', 'The request was denied due to request throttling.', {}, 403)
  return service === 'dynamodb' && throughput.has(operation)
    ? new Failure('ProvisionedThroughputExceededException', 'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.')
    : new Failure('ThrottlingException', 'Rate exceeded')
}

function conflict({ service, operation, input }: Call): Failure {
  if (service === 's3') return s3Failure('ConditionalRequestConflict', 'The conditional request cannot succeed due to a conflicting operation against this resource.')
  return operation === 'TransactWriteItems' ? conflicted(input) : new Failure('TransactionConflictException', 'Transaction is ongoing for the item')
}

function unavailable({ service }: Call): Failure {
  if (service === 's3') return s3Failure('ServiceUnavailable', 'Service is unable to handle request.')
  if (service === 'sqs') return new Failure('InternalFailure', 'The request processing has failed because of an unknown error, exception or failure.', {}, 500)
  return new Failure('InternalServerError', 'Internal server error', {}, 500)
}

const effects: Readonly<Record<string, (call: Call) => Effect>> = {
  throttle: (call) => answer(throttle(call)),
  timeout: () => ({ at: 'before', kind: 'silence' }),
  reset: () => ({ at: 'before', kind: 'reset' }),
  lostReply: () => ({ at: 'after', kind: 'reset' }),
  conflict: (call) => answer(conflict(call)),
  unavailable: (call) => answer(unavailable(call)),
  denied: ({ arn, service, operation }) =>
    answer(new Failure('AccessDeniedException', `User: ${arn} is not authorized to perform: ${service}:${operation}`)),
  kill: () => ({ at: 'before', kind: 'kill' }),
  killAfter: () => ({ at: 'after', kind: 'kill' }),
}

/** The plan of faults of one stand-in. */
export type Faults = {
  replace(plan: unknown): void
  /** The effect for this call, if the plan has one; used up by asking. */
  take(call: Call): Effect | undefined
}

function readFault(raw: unknown): Fault {
  const entry = object(raw, 'fault')
  return {
    service: text(entry, 'service'),
    operation: text(entry, 'operation'),
    error: text(entry, 'error', { max: 128, pattern: /^[A-Za-z][A-Za-z0-9]*$/ }),
    times: optionalWhole(entry, 'times', { min: 1 }) ?? 1,
  }
}

export function faultPlan(): Faults {
  let plan: readonly Fault[] = []
  return {
    replace(given) {
      if (!Array.isArray(given)) throw invalid('the plan must be a list')
      plan = list({ given }, 'given', { max: 1000 }).map(readFault)
    },
    take(call) {
      const found = plan.find(({ service, operation, times }) =>
        times > 0 && (service === call.service || service === '*') && (operation === call.operation || operation === '*'))
      if (!found) return undefined
      found.times -= 1
      const effect = Object.hasOwn(effects, found.error) ? effects[found.error] : undefined
      return effect ? effect(call) : answer(new Failure(found.error, 'This answer was planned.', {}, call.service === 's3' ? statusOf(found.error) : 400))
    },
  }
}

import { Failure } from '../failure.ts'

const own = 'AWS.SimpleQueueService.'

// Names of the old Query protocol where they differ, as the API's model has them: the SDK goes by these.
const queryNames: Readonly<Record<string, string>> = {
  QueueDoesNotExist: `${own}NonExistentQueue`,
  QueueNameExists: 'QueueAlreadyExists',
  MessageNotInflight: `${own}MessageNotInflight`,
  PurgeQueueInProgress: `${own}PurgeQueueInProgress`,
  UnsupportedOperation: `${own}UnsupportedOperation`,
  BatchEntryIdsNotDistinct: `${own}BatchEntryIdsNotDistinct`,
  BatchRequestTooLong: `${own}BatchRequestTooLong`,
  EmptyBatchRequest: `${own}EmptyBatchRequest`,
  InvalidBatchEntryId: `${own}InvalidBatchEntryId`,
  TooManyEntriesInBatchRequest: `${own}TooManyEntriesInBatchRequest`,
  KmsAccessDenied: 'KMS.AccessDeniedException',
  KmsDisabled: 'KMS.DisabledException',
  KmsInvalidState: 'KMS.InvalidStateException',
  KmsNotFound: 'KMS.NotFoundException',
  AccessDeniedException: 'AccessDenied',
  InvalidParameterValueException: 'InvalidParameterValue',
  MissingRequiredParameterException: 'MissingParameter',
}

/** An exception's name in the Query protocol: what `x-amzn-query-error` and the failed entries of a batch carry. */
export const queryName = (code: string): string => Object.hasOwn(queryNames, code) ? queryNames[code] ?? code : code

/** `AWS.SimpleQueueService.NonExistentQueue;Sender` */
export const queryError = ({ code, status }: Failure): string => `${queryName(code)};${status < 500 ? 'Sender' : 'Receiver'}`

export const noQueue = (): Failure => new Failure('QueueDoesNotExist', 'The specified queue does not exist.')

/** The real service repeats the value; here it is left out on purpose. */
export const invalidValue = (name: string, reason: string): Failure =>
  new Failure('InvalidParameterValueException', `Value for parameter ${name} is invalid. Reason: ${reason}`)

export const missing = (name: string): Failure =>
  new Failure('MissingRequiredParameterException', `The request must contain the parameter ${name}.`)

export const badHandle = (): Failure => new Failure('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.', {}, 404)

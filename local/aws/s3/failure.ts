import { randomUUID } from 'node:crypto'
import { Failure } from '../failure.ts'
import type { Refusals } from '../gate.ts'
import { element } from './xml.ts'

// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
const statuses = {
  AccessDenied: 403,
  AuthorizationHeaderMalformed: 400,
  BadDigest: 400,
  BucketAlreadyOwnedByYou: 409,
  BucketNotEmpty: 409,
  ConditionalRequestConflict: 409,
  EntityTooLarge: 400,
  IllegalLocationConstraintException: 400,
  IncompleteBody: 400,
  InternalError: 500,
  InvalidAccessKeyId: 403,
  InvalidArgument: 400,
  InvalidBucketName: 400,
  InvalidDigest: 400,
  InvalidRequest: 400,
  InvalidURI: 400,
  KeyTooLongError: 400,
  MalformedPolicy: 400,
  MalformedTrailerError: 400,
  MalformedXML: 400,
  MetadataTooLarge: 400,
  MissingContentLength: 411,
  NoSuchBucket: 404,
  NoSuchBucketPolicy: 404,
  NoSuchKey: 404,
  NoSuchLifecycleConfiguration: 404,
  NotImplemented: 501,
  PreconditionFailed: 412,
  RequestTimeTooSkewed: 403,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 403,
  SlowDown: 503,
  XAmzContentSHA256Mismatch: 400,
} as const

export type Code = keyof typeof statuses

/** The HTTP status of an error code of S3; 400 for one that is not known here. */
export const statusOf = (code: string): number => Object.hasOwn(statuses, code) ? statuses[code as Code] : 400

export const failure = (code: Code, message: string): Failure => new Failure(code, message, {}, statuses[code])

/** Refuses by name what S3 has and this stand-in does not. */
export const notImplemented = (what: string): Failure => failure('NotImplemented', `${what} is not implemented by this stand-in`)

export const refusals: Refusals = {
  MissingAuthenticationToken: ['AccessDenied', 'Access Denied'],
  UnrecognizedClient: ['InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.'],
  IncompleteSignature: ['AuthorizationHeaderMalformed', 'The authorization header you provided is not valid, or headers that must be signed are not.'],
  InvalidSignature: ['SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided. Check your key and signing method.'],
  RequestExpired: ['RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.'],
}

// What the parts that all services share call by another name.
const renamed: Readonly<Record<string, Code>> = {
  AccessDeniedException: 'AccessDenied', InternalServerError: 'InternalError', InternalFailure: 'InternalError', RequestEntityTooLargeException: 'EntityTooLarge',
}

/** The status and the XML of an error. */
export function errorOf({ code, message, status }: Failure): { readonly status: number; readonly xml: string } {
  const known = Object.hasOwn(renamed, code) ? renamed[code] : undefined
  const name = known ?? code
  const xml = element('Error', [element('Code', name), element('Message', message), element('RequestId', randomUUID())])
  return { status: Object.hasOwn(statuses, name) ? statusOf(name) : status, xml }
}

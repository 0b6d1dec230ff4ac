import type { Caller, Ask, World } from '../operation.ts'
import type { Context } from '../iam.ts'
import { policyDocument } from '../kms/operation.ts'
import { bucketArn, findBucket } from './bucket.ts'
import type { Checksum } from './payload.ts'
import type { S3Request } from './request.ts'

/** A request whose body was read and found whole. */
export type S3Input = S3Request & { readonly checksum?: Checksum }

export type S3Reply = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly content?: Buffer | string
}

export type S3Operation = {
  /** Query parameters and headers that it knows, next to those of any request. */
  readonly queries?: readonly string[]
  readonly headers?: readonly string[]
  /** What must be allowed. Throws a Failure for a request that is wrong whoever sends it. */
  asks(input: S3Input, world: World): readonly Ask[]
  run(input: S3Input, world: World, caller: Caller): S3Reply
}

export type S3Operations = Readonly<Record<string, S3Operation>>

// Request headers and parameters that policies may ask about.
const askableHeaders = ['x-amz-content-sha256', 'x-amz-server-side-encryption', 'x-amz-server-side-encryption-aws-kms-key-id', 'if-match', 'if-none-match']
const askableQueries = ['prefix', 'max-keys']

function contextOf({ headers, query }: S3Request): Context {
  const given = [...askableHeaders.map((name) => [name, headers[name]] as const), ...askableQueries.map((name) => [name, query.get(name)] as const)]
  return {
    's3:authType': 'REST-HEADER',
    's3:signatureversion': 'AWS4-HMAC-SHA256',
    // The loopback listener stands for TLS.
    's3:TlsVersion': '1.3',
    ...Object.fromEntries(given.flatMap(([name, value]) => value === undefined ? [] : [[`s3:${name}`, value]])),
  }
}

/** What IAM and the bucket policy must allow: an action on the bucket, or on the object when `key` is given. */
export function askFor(action: string, input: S3Input, world: World, key?: string): Ask {
  const policy = findBucket(input.bucket, world)?.policy
  return {
    action: `s3:${action}`,
    resource: bucketArn(input.bucket, key),
    ...policy !== undefined && { policy: policyDocument(policy) },
    context: { ...contextOf(input), 's3:ResourceAccount': world.account },
  }
}

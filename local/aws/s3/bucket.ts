import type { World } from '../operation.ts'
import { failure } from './failure.ts'

/** How objects are encrypted at rest in S3; here it decides who must be allowed what, and what the answers say. */
export type Encryption = {
  readonly algorithm: 'AES256' | 'aws:kms'
  /** ARN of the KMS key. */
  readonly key?: string
  /** Whether KMS is asked for the bucket instead of for each object. */
  readonly bucketKey: boolean
}

/** A lifecycle rule over the keys that begin with `prefix`. */
export type Rule = {
  readonly id: string
  readonly enabled: boolean
  readonly prefix: string
  /** Days from the making of an object to its expiry. */
  readonly days?: number
  readonly abortDays?: number
}

export type Bucket = {
  readonly name: string
  /** Epoch seconds. */
  readonly created: number
  /** The bucket policy as it was given. */
  readonly policy?: string
  readonly rules: readonly Rule[]
  readonly encryption: Encryption
}

/** ARN of a bucket, or of an object in it. */
export const bucketArn = (name: string, key?: string): string => key === undefined ? `arn:aws:s3:::${name}` : `arn:aws:s3:::${name}/${key}`

export function findBucket(name: string, { store }: World): Bucket | undefined {
  const row = store.statement('SELECT doc FROM s3_buckets WHERE name = ?').get(name)
  return row ? JSON.parse(String(row['doc'])) as Bucket : undefined
}

export function theBucket(name: string, world: World): Bucket {
  const bucket = findBucket(name, world)
  if (!bucket) throw failure('NoSuchBucket', 'The specified bucket does not exist')
  return bucket
}

export function saveBucket(bucket: Bucket, { store }: World): void {
  store.statement('INSERT INTO s3_buckets (name, doc) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET doc = excluded.doc')
    .run(bucket.name, JSON.stringify(bucket))
}

import { bucketOperations } from './buckets.ts'
import { encryptionOperations } from './encryption.ts'
import { notImplemented } from './failure.ts'
import { lifecycleOperations } from './lifecycle.ts'
import { listOperations } from './list.ts'
import { objectOperations } from './objects.ts'
import type { S3Operations } from './operation.ts'
import { policyOperations } from './policy.ts'
import { shown, type S3Request } from './request.ts'

/** Every S3 operation that this stand-in knows, by name. */
export const s3: S3Operations = {
  ...bucketOperations, ...lifecycleOperations, ...policyOperations, ...encryptionOperations, ...objectOperations, ...listOperations,
}

// Method, and the parameter that makes it another operation on a bucket.
const onBuckets: Readonly<Record<string, string>> = {
  'PUT': 'CreateBucket', 'HEAD': 'HeadBucket', 'DELETE': 'DeleteBucket', 'GET list-type': 'ListObjectsV2',
  'PUT lifecycle': 'PutBucketLifecycleConfiguration', 'GET lifecycle': 'GetBucketLifecycleConfiguration',
  'PUT policy': 'PutBucketPolicy', 'GET policy': 'GetBucketPolicy',
  'PUT encryption': 'PutBucketEncryption', 'GET encryption': 'GetBucketEncryption',
}

const onObjects: Readonly<Record<string, string>> = { PUT: 'PutObject', GET: 'GetObject', HEAD: 'HeadObject', DELETE: 'DeleteObject' }

const subresources = ['list-type', 'lifecycle', 'policy', 'encryption']

/** The name of the operation that a request is for. Throws `NotImplemented` for one that this stand-in does not know. */
export function operationOf({ method, bucket, key, query }: Omit<S3Request, 'content'>): string {
  if (bucket === '') throw notImplemented('An operation on the service itself')
  const parameters = [...query.keys()].filter((name) => name !== 'x-id')
  const subresource = subresources.find((name) => query.has(name)) ?? parameters[0]
  const [place, route] = [key === '' ? onBuckets : onObjects, subresource === undefined ? method : `${method} ${subresource}`]
  const name = Object.hasOwn(place, route) ? place[route] : undefined
  if (name === undefined || (name === 'ListObjectsV2' && query.get('list-type') !== '2'))
    throw notImplemented(`${/^[A-Z]{1,10}$/.test(method) ? method : 'This method'} on ${key === '' ? 'a bucket' : 'an object'}${subresource === undefined ? '' : ` with ${shown(subresource)}`}`)
  return name
}

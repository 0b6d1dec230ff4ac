import { readPolicy } from '../iam.ts'
import { isMembers } from '../members.ts'
import { policyDocument } from '../kms/operation.ts'
import { bucketArn, saveBucket, theBucket } from './bucket.ts'
import { failure } from './failure.ts'
import { askFor, type S3Operation, type S3Operations } from './operation.ts'

const malformed = (message: string) => failure('MalformedPolicy', message)

const maxBytes = 20 * 1024

const list = (value: unknown): unknown[] => Array.isArray(value) ? value : [value]

const everyone = (principal: unknown): boolean =>
  principal === '*' || (isMembers(principal) && list(principal['AWS']).includes('*'))

/** Throws unless S3 would take the policy: every statement names a principal and things of this bucket alone, and none is public. */
function check(policy: string, bucket: string): void {
  if (Buffer.byteLength(policy) > maxBytes) throw malformed('Policies must be no larger than 20 KB.')
  let document: object
  try {
    document = policyDocument(policy)
    readPolicy(document)
  } catch (error) {
    // V8's own message for broken JSON quotes the text.
    throw malformed(error instanceof SyntaxError || !(error instanceof Error) ? 'Policies must be valid JSON' : error.message)
  }
  for (const raw of 'Statement' in document ? list(document.Statement) : []) {
    const statement = isMembers(raw) ? raw : {}
    if (!('Principal' in statement) && !('NotPrincipal' in statement)) throw malformed('Missing required field Principal')
    const resources = list(statement['Resource'] ?? statement['NotResource'])
    if (!resources.every((arn) => typeof arn === 'string' && (arn === bucketArn(bucket) || arn.startsWith(`${bucketArn(bucket)}/`))))
      throw malformed('Policy has invalid resource')
    // A new bucket has Block Public Access on; there is no operation here that takes it off.
    if (statement['Effect'] === 'Allow' && everyone(statement['Principal']) && statement['Condition'] === undefined)
      throw failure('AccessDenied', 'Public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.')
  }
}

const putBucketPolicy: S3Operation = {
  queries: ['policy'],
  asks: (input, world) => [askFor('PutBucketPolicy', input, world)],
  run: ({ bucket, content }, world) => world.store.write(() => {
    const before = theBucket(bucket, world)
    const policy = content.toString()
    check(policy, bucket)
    saveBucket({ ...before, policy }, world)
    return { status: 204 }
  }),
}

const getBucketPolicy: S3Operation = {
  queries: ['policy'],
  asks: (input, world) => [askFor('GetBucketPolicy', input, world)],
  run({ bucket }, world) {
    const { policy } = theBucket(bucket, world)
    if (policy === undefined) throw failure('NoSuchBucketPolicy', 'The bucket policy does not exist')
    return { status: 200, headers: { 'content-type': 'application/json' }, content: policy }
  },
}

export const policyOperations: S3Operations = { PutBucketPolicy: putBucketPolicy, GetBucketPolicy: getBucketPolicy }

import { Duration, type RemovalPolicy } from 'aws-cdk-lib'
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'

/**
 * A bucket of sealed records. Versioning is off: a version that was replaced or has expired would be one more copy with a
 * lifetime of its own, and nothing is replaced before it has expired, since every write is conditional.
 */
export function storeBucket(scope: Construct, id: string, { name, days, writers, readers, removalPolicy }: {
  readonly name: string
  readonly days: number
  /** ARNs of the roles that put and that get objects: nobody else does either, administrators included. */
  readonly writers: readonly string[]
  readonly readers: readonly string[]
  /** DESTROY deletes an empty bucket; CloudFormation refuses for one that is not. */
  readonly removalPolicy: RemovalPolicy
}): Bucket {
  const bucket = new Bucket(scope, `${id}-bucket`, {
    bucketName: name, encryption: BucketEncryption.S3_MANAGED, blockPublicAccess: BlockPublicAccess.BLOCK_ALL, objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true, versioned: false, removalPolicy,
    // A day later than a record's own time, by which it is loaded: S3 counts from when the object was made, by its own clock.
    lifecycleRules: [{ id: 'expired', enabled: true, expiration: Duration.days(days + 1), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
  })
  for (const [sid, action, roles] of [['PutByNobodyElse', 's3:PutObject', writers], ['GetByNobodyElse', 's3:GetObject', readers]] as const) {
    bucket.addToResourcePolicy(new PolicyStatement({
      sid, effect: Effect.DENY, principals: [new AnyPrincipal()], actions: [action], resources: [bucket.arnForObjects('*')],
      ...roles.length > 0 && { conditions: { ArnNotEquals: { 'aws:PrincipalArn': [...roles] } } },
    }))
  }
  // Kept as long as the bucket: one without its policy would be readable, though sealed, for whomever IAM lets.
  bucket.policy?.applyRemovalPolicy(removalPolicy)
  return bucket
}

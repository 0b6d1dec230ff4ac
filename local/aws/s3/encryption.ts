import { Failure } from '../failure.ts'
import { refuseUnusable, theKey, type Key } from '../kms/keys.ts'
import { askForKey } from '../kms/operation.ts'
import type { Ask, World } from '../operation.ts'
import { bucketArn, findBucket, saveBucket, theBucket, type Encryption } from './bucket.ts'
import { failure, notImplemented } from './failure.ts'
import { askFor, type S3Input, type S3Operation, type S3Operations } from './operation.ts'
import { childOf, document, element, readXml } from './xml.ts'

const prefix = 'x-amz-server-side-encryption'

/** The request headers that say how an object is to be encrypted. */
export const encryptionHeaders = [prefix, `${prefix}-aws-kms-key-id`, `${prefix}-bucket-key-enabled`]

/** The key behind an id; KMS errors have a prefix in S3. */
function usableKey(id: string, world: World): Key {
  try {
    const key = theKey(id, world)
    refuseUnusable(key)
    return key
  } catch (error) {
    if (error instanceof Failure) throw new Failure(`KMS.${error.code}`, error.message)
    throw error
  }
}

function encryption(algorithm: string | undefined, key: string | undefined, bucketKey: boolean, world: World): Encryption {
  if (algorithm === 'AES256') {
    if (key !== undefined) throw failure('InvalidArgument', 'AES256 takes no KMS key')
    return { algorithm, bucketKey: false }
  }
  if (algorithm !== 'aws:kms') throw notImplemented('A server-side encryption other than AES256 and aws:kms')
  if (key === undefined) throw notImplemented('The AWS managed key aws/s3')
  return { algorithm, key: usableKey(key, world).arn, bucketKey }
}

/** How a new object is encrypted: as its headers say, else as its bucket does. */
export function wantedEncryption({ headers, bucket }: S3Input, world: World): Encryption {
  const [algorithm, key, bucketKey] = encryptionHeaders.map((name) => headers[name])
  if (algorithm === undefined && key === undefined && bucketKey === undefined) return findBucket(bucket, world)?.encryption ?? { algorithm: 'AES256', bucketKey: false }
  return encryption(algorithm, key, bucketKey === 'true', world)
}

/** What the caller must be allowed of KMS: S3 asks it in the caller's name. */
export function askForEncryption(action: 'GenerateDataKey' | 'Decrypt', { key, bucketKey }: Encryption, { bucket, key: name }: S3Input, world: World): readonly Ask[] {
  if (key === undefined) return []
  const EncryptionContext = { 'aws:s3:arn': bucketArn(bucket, bucketKey ? undefined : name) }
  return [askForKey(action, usableKey(key, world), { EncryptionContext }, world, { 'kms:ViaService': `s3.${world.region}.amazonaws.com` })]
}

/** The response headers about the encryption of an object. */
export const shownEncryption = ({ algorithm, key, bucketKey }: Encryption): Readonly<Record<string, string>> => ({
  [prefix]: algorithm,
  ...key !== undefined && { [`${prefix}-aws-kms-key-id`]: key },
  ...bucketKey && { [`${prefix}-bucket-key-enabled`]: 'true' },
})

function readEncryption(content: Buffer, world: World): Encryption {
  const root = readXml(content.toString())
  const rule = root?.name === 'ServerSideEncryptionConfiguration' && root.children.length === 1 ? childOf(root, 'Rule') : undefined
  const settings = rule && childOf(rule, 'ApplyServerSideEncryptionByDefault')
  const known = ['ApplyServerSideEncryptionByDefault', 'BucketKeyEnabled']
  if (!rule || !settings || rule.children.some(({ name }) => !known.includes(name)))
    throw failure('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema')
  return encryption(childOf(settings, 'SSEAlgorithm')?.text, childOf(settings, 'KMSMasterKeyID')?.text, childOf(rule, 'BucketKeyEnabled')?.text === 'true', world)
}

const putEncryption: S3Operation = {
  queries: ['encryption'],
  asks: (input, world) => [askFor('PutEncryptionConfiguration', input, world)],
  run: ({ bucket, content }, world) => world.store.write(() => {
    saveBucket({ ...theBucket(bucket, world), encryption: readEncryption(content, world) }, world)
    return { status: 200 }
  }),
}

const getEncryption: S3Operation = {
  queries: ['encryption'],
  asks: (input, world) => [askFor('GetEncryptionConfiguration', input, world)],
  run({ bucket }, world) {
    const { algorithm, key, bucketKey } = theBucket(bucket, world).encryption
    const settings = [element('SSEAlgorithm', algorithm), ...key === undefined ? [] : [element('KMSMasterKeyID', key)]]
    const rule = element('Rule', [element('ApplyServerSideEncryptionByDefault', settings), element('BucketKeyEnabled', bucketKey)])
    return { status: 200, content: document('ServerSideEncryptionConfiguration', [rule]) }
  },
}

export const encryptionOperations: S3Operations = { PutBucketEncryption: putEncryption, GetBucketEncryption: getEncryption }

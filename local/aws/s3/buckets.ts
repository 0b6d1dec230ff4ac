import { failure } from './failure.ts'
import { findBucket, saveBucket, theBucket } from './bucket.ts'
import { askFor, type S3Operation, type S3Operations } from './operation.ts'
import { childOf, readXml } from './xml.ts'

/** 3 to 63 lower-case letters, digits, dots and dashes; not like an IP address. */
const isName = (name: string): boolean =>
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..') && !/^\d+\.\d+\.\d+\.\d+$/.test(name)

/** The Region that the body names; undefined where there is none. */
function placeOf(content: Buffer): string | undefined {
  if (content.length === 0) return undefined
  const root = readXml(content.toString())
  if (root?.name !== 'CreateBucketConfiguration' || root.children.some(({ name }) => name !== 'LocationConstraint'))
    throw failure('MalformedXML', 'The XML you provided was not well-formed or did not validate against our published schema')
  return childOf(root, 'LocationConstraint')?.text
}

// us-east-1 is the one Region that is not named.
const home = 'us-east-1'

const createBucket: S3Operation = {
  asks: (input, world) => [askFor('CreateBucket', input, world)],
  run({ bucket: name, content }, world) {
    if (!isName(name)) throw failure('InvalidBucketName', 'The specified bucket is not valid.')
    const wanted = placeOf(content) ?? home
    if (wanted !== world.region)
      throw failure('IllegalLocationConstraintException', 'The location constraint is incompatible for the region specific endpoint this request was sent to.')
    return world.store.write(() => {
      const reply = { status: 200, headers: { location: `/${name}` } }
      if (findBucket(name, world)) {
        // For legacy compatibility S3 says yes again in us-east-1.
        if (world.region === home) return reply
        throw failure('BucketAlreadyOwnedByYou', 'Your previous request to create the named bucket succeeded and you already own it.')
      }
      saveBucket({ name, created: world.now() / 1000, rules: [], encryption: { algorithm: 'AES256', bucketKey: false } }, world)
      return reply
    })
  },
}

const headBucket: S3Operation = {
  asks: (input, world) => [askFor('ListBucket', input, world)],
  run({ bucket }, world) {
    theBucket(bucket, world)
    return { status: 200, headers: { 'x-amz-bucket-region': world.region } }
  },
}

const deleteBucket: S3Operation = {
  asks: (input, world) => [askFor('DeleteBucket', input, world)],
  run: ({ bucket }, world) => world.store.write(() => {
    theBucket(bucket, world)
    if (world.store.statement('SELECT 1 FROM s3_objects WHERE bucket = ? LIMIT 1').get(bucket))
      throw failure('BucketNotEmpty', 'The bucket you tried to delete is not empty')
    world.store.statement('DELETE FROM s3_buckets WHERE name = ?').run(bucket)
    return { status: 204 }
  }),
}

export const bucketOperations: S3Operations = { CreateBucket: createBucket, HeadBucket: headBucket, DeleteBucket: deleteBucket }

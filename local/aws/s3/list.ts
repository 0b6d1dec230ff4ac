import type { World } from '../operation.ts'
import { theBucket } from './bucket.ts'
import { failure } from './failure.ts'
import { listObjects } from './object.ts'
import { askFor, type S3Input, type S3Operation, type S3Operations } from './operation.ts'
import { document, element } from './xml.ts'

const most = 1000

function limitOf(text: string | undefined): number {
  if (text === undefined || text === '') return most
  if (!/^\d{1,9}$/.test(text)) throw failure('InvalidArgument', 'Argument maxKeys must be an integer between 0 and 2147483647')
  return Math.min(most, Number(text))
}

const purpose = (bucket: string): string => `s3/list/${bucket}`

/** The key behind which the listing goes on. A token is the key, encrypted: nobody may read into it. */
function startOf({ query, bucket }: S3Input, { store }: World): string {
  const token = query.get('continuation-token')
  if (token === undefined) return query.get('start-after') ?? ''
  try {
    return store.unwrap(Buffer.from(token, 'base64'), purpose(bucket)).toString()
  } catch {
    throw failure('InvalidArgument', 'The continuation token provided is incorrect')
  }
}

const listObjectsV2: S3Operation = {
  queries: ['list-type', 'prefix', 'max-keys', 'continuation-token', 'start-after'],
  asks: (input, world) => [askFor('ListBucket', input, world)],
  run(input, world) {
    const { query, bucket } = input
    theBucket(bucket, world)
    const [prefix, limit] = [query.get('prefix') ?? '', limitOf(query.get('max-keys'))]
    const found = listObjects(bucket, { prefix, after: startOf(input, world), limit: limit + 1 }, world)
    const shown = found.slice(0, limit)
    const [last, token, after] = [shown.at(-1)?.key, query.get('continuation-token'), query.get('start-after')]
    const more = found.length > limit && last !== undefined
    return {
      status: 200,
      content: document('ListBucketResult', [
        element('Name', bucket),
        element('Prefix', prefix),
        element('KeyCount', shown.length),
        element('MaxKeys', limit),
        element('IsTruncated', more),
        ...token === undefined ? [] : [element('ContinuationToken', token)],
        ...more ? [element('NextContinuationToken', world.store.wrap(Buffer.from(last), purpose(bucket)).toString('base64'))] : [],
        ...after === undefined ? [] : [element('StartAfter', after)],
        ...shown.map(({ key, object: { etag, size, modified } }) => element('Contents', [
          element('Key', key), element('LastModified', new Date(modified * 1000).toISOString()), element('ETag', etag),
          element('Size', size), element('StorageClass', 'STANDARD'),
        ])),
      ]),
    }
  },
}

export const listOperations: S3Operations = { ListObjectsV2: listObjectsV2 }

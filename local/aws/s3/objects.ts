import { createHash } from 'node:crypto'
import type { Caller, World } from '../operation.ts'
import { theBucket, type Bucket } from './bucket.ts'
import { askForEncryption, encryptionHeaders, shownEncryption, wantedEncryption } from './encryption.ts'
import { failure, notImplemented } from './failure.ts'
import { expiryOf } from './lifecycle.ts'
import { contentOf, findObject, removeObject, saveObject, type StoredObject } from './object.ts'
import { askFor, type S3Input, type S3Operation, type S3Operations, type S3Reply } from './operation.ts'

const meta = 'x-amz-meta-'
const maxMetaBytes = 2048

// S3 keeps these as they are given.
const keptHeaders = ['content-type', 'content-encoding', 'content-disposition', 'content-language', 'cache-control', 'expires']

function headersToKeep({ headers }: S3Input): Readonly<Record<string, string>> {
  const own = Object.entries(headers).filter(([name]) => name.startsWith(meta))
  const bytes = own.reduce((sum, [name, value]) => sum + Buffer.byteLength(name.slice(meta.length)) + Buffer.byteLength(value), 0)
  if (bytes > maxMetaBytes) throw failure('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size')
  const given = keptHeaders.flatMap((name): [string, string][] => {
    // The chunks are gone: so is their encoding.
    const value = name === 'content-encoding' ? headers[name]?.split(',').map((part) => part.trim()).filter((part) => part !== 'aws-chunked').join(',') : headers[name]
    return value === undefined || value === '' ? [] : [[name, value]]
  })
  return { 'content-type': 'binary/octet-stream', ...Object.fromEntries([...given, ...own]) }
}

const noSuchKey = () => failure('NoSuchKey', 'The specified key does not exist.')

/** Refuses a write whose condition does not hold. */
function checkCondition({ headers }: S3Input, before: StoredObject | undefined): void {
  const [wanted, unwanted] = [headers['if-match'], headers['if-none-match']]
  if (wanted !== undefined && unwanted !== undefined) throw notImplemented('If-Match together with If-None-Match')
  if (unwanted !== undefined && unwanted !== '*') throw notImplemented('If-None-Match with anything but a star')
  if (wanted !== undefined && !before) throw noSuchKey()
  const quoted = wanted === undefined || wanted.startsWith('"') ? wanted : `"${wanted}"`
  if ((unwanted !== undefined && before) || (quoted !== undefined && quoted !== before?.etag))
    throw failure('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')
}

const shownExpiry = (key: string, { modified }: StoredObject, bucket: Bucket): Readonly<Record<string, string>> => {
  const expiry = expiryOf(key, modified, bucket)
  return expiry ? { 'x-amz-expiration': `expiry-date="${new Date(expiry.at * 1000).toUTCString()}", rule-id="${encodeURIComponent(expiry.rule)}"` } : {}
}

const shownChecksum = ({ checksum }: StoredObject): Readonly<Record<string, string>> =>
  checksum ? { [checksum.header]: checksum.value, 'x-amz-checksum-type': 'FULL_OBJECT' } : {}

const putObject: S3Operation = {
  headers: ['if-match', 'if-none-match', meta, ...encryptionHeaders],
  asks: (input, world) => [
    askFor('PutObject', input, world, input.key),
    // Whether the content is still the same is a thing that only a reader may know.
    ...input.headers['if-match'] === undefined ? [] : [askFor('GetObject', input, world, input.key)],
    ...askForEncryption('GenerateDataKey', wantedEncryption(input, world), input, world),
  ],
  run: (input, world) => world.store.write(() => {
    const { bucket: name, key, content, checksum } = input
    const bucket = theBucket(name, world)
    checkCondition(input, findObject(name, key, world))
    const object: StoredObject = {
      etag: `"${createHash('md5').update(content).digest('hex')}"`,
      size: content.length,
      modified: Math.floor(world.now() / 1000),
      headers: headersToKeep(input),
      ...checksum && { checksum },
      encryption: wantedEncryption(input, world),
    }
    saveObject(name, key, object, content, world)
    return { status: 200, headers: { etag: object.etag, ...shownEncryption(object.encryption), ...shownExpiry(key, object, bucket), ...shownChecksum(object) } }
  }),
}

/** The object, for a caller that may know of it: who may not list the bucket is not told that a key is missing. */
function readable(input: S3Input, world: World, caller: Caller): { bucket: Bucket; object: StoredObject } {
  const bucket = theBucket(input.bucket, world)
  const object = findObject(input.bucket, input.key, world)
  if (object) return { bucket, object }
  if (caller.may(askFor('ListBucket', input, world))) throw noSuchKey()
  throw failure('AccessDenied', 'Access Denied')
}

function shownObject(input: S3Input, world: World, caller: Caller): S3Reply {
  const { bucket, object } = readable(input, world, caller)
  const checked = input.headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED'
  return {
    status: 200,
    headers: {
      ...object.headers,
      'content-length': String(object.size),
      etag: object.etag,
      'last-modified': new Date(object.modified * 1000).toUTCString(),
      'accept-ranges': 'bytes',
      ...shownEncryption(object.encryption),
      ...shownExpiry(input.key, object, bucket),
      ...checked && shownChecksum(object),
    },
  }
}

const asksToRead: S3Operation['asks'] = (input, world) => {
  const object = findObject(input.bucket, input.key, world)
  return [askFor('GetObject', input, world, input.key), ...object ? askForEncryption('Decrypt', object.encryption, input, world) : []]
}

const getObject: S3Operation = {
  headers: ['x-amz-checksum-mode'],
  asks: asksToRead,
  run: (input, world, caller) => ({ ...shownObject(input, world, caller), content: contentOf(input.bucket, input.key, world) }),
}

const headObject: S3Operation = { headers: ['x-amz-checksum-mode'], asks: asksToRead, run: shownObject }

const deleteObject: S3Operation = {
  asks: (input, world) => [askFor('DeleteObject', input, world, input.key)],
  run: ({ bucket, key }, world) => world.store.write(() => {
    theBucket(bucket, world)
    removeObject(bucket, key, world)
    return { status: 204 }
  }),
}

export const objectOperations: S3Operations = { PutObject: putObject, GetObject: getObject, HeadObject: headObject, DeleteObject: deleteObject }

import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { admin, allow, credentialsOf, refusalName, region, standIn, type Entry } from '../harness.ts'

// The SDK's own client, once the project has it. Named by a variable: nothing resolves it before that.
const client = '@aws-sdk/client-s3'

interface Sdk {
  readonly S3Client: new (options: object) => { send(command: object): Promise<Record<string, unknown>>; destroy(): void }
  readonly [command: string]: new (input: object) => object
}

const sdk = await import(client).then((found: Sdk) => found, () => undefined)
// Loud on purpose: without the client this file proves nothing.
if (!sdk) process.stderr.write(`contract.test.ts: SKIPPED the calls of ${client}: it does not resolve\n`)

const blind: Entry = { name: 'blind', policies: [allow(['s3:GetObject'])] }

describe.runIf(sdk)(`${client}, at an endpoint with an IP address`, () => {
  let aws: Awaited<ReturnType<typeof standIn>>
  let s3: InstanceType<Sdk['S3Client']>
  const named = (name: string) => sdk && new sdk.S3Client({ endpoint: `http://127.0.0.1:${aws.port}`, region, credentials: credentialsOf(name), maxAttempts: 1 })
  const command = (name: string, input: object): object => {
    const Command = sdk?.[`${name}Command`]
    if (!Command) throw new Error(`${client} has no ${name}Command`)
    return new Command({ Bucket: 'boxes', ...input })
  }
  const send = (name: string, input: object = {}) => s3.send(command(name, input))
  const textOf = async ({ Body }: Record<string, unknown>): Promise<string> => (Body as { transformToString(): Promise<string> }).transformToString()

  beforeAll(async () => {
    aws = await standIn([admin, blind])
    const made = named('admin')
    if (made) s3 = made
    await send('CreateBucket')
  })
  afterAll(async () => {
    s3.destroy()
    await aws.close()
  })

  test.each([
    ['text', 'hello'],
    ['a Buffer', Buffer.from('hello')],
    ['a Uint8Array', new Uint8Array(Buffer.from('hello'))],
  ])('%s, there and back, with a checksum on both ways', async (what, Body) => {
    const put = await send('PutObject', { Key: `${what} +(1)'*ü`, Body, Metadata: { version: 'v1' }, ContentType: 'text/plain' })
    expect(put).toMatchObject({ ETag: '"5d41402abc4b2a76b9719d911017c592"', ChecksumCRC32: 'NhCmhg==', ServerSideEncryption: 'AES256' })
    const got = await send('GetObject', { Key: `${what} +(1)'*ü` })
    expect(got).toMatchObject({ ContentLength: 5, ContentType: 'text/plain', Metadata: { version: 'v1' }, ChecksumCRC32: 'NhCmhg==' })
    expect(await textOf(got)).toBe('hello')
  })

  test('a stream, which comes in chunks', async () => {
    await send('PutObject', { Key: 'stream', Body: Readable.from([Buffer.from('hel'), Buffer.from('lo')]), ContentLength: 5 })
    expect(await textOf(await send('GetObject', { Key: 'stream' }))).toBe('hello')
  })

  test('3 MB, for which it waits to be told to continue', async () => {
    await send('PutObject', { Key: 'large', Body: Buffer.alloc(3 * 1024 * 1024) })
    expect(await send('HeadObject', { Key: 'large' })).toMatchObject({ ContentLength: 3 * 1024 * 1024 })
  })

  test('the names of refusals', async () => {
    expect(await refusalName(send('GetObject', { Key: 'none' }))).toBe('NoSuchKey')
    expect(await refusalName(send('HeadObject', { Key: 'none' }))).toBe('NotFound')
    expect(await refusalName(send('HeadBucket', { Bucket: 'none' }))).toBe('NotFound')
    const other = named('blind')
    expect(await refusalName(other?.send(command('GetObject', { Key: 'none' })) ?? Promise.resolve())).toBe('AccessDenied')
    await send('PutObject', { Key: 'once', Body: 'a', IfNoneMatch: '*' })
    expect(await refusalName(send('PutObject', { Key: 'once', Body: 'b', IfNoneMatch: '*' }))).toBe('PreconditionFailed')
    await aws.faults([{ service: 's3', operation: 'GetObject', error: 'throttle' }])
    expect(await refusalName(send('GetObject', { Key: 'once' }))).toBe('SlowDown')
  })

  test('listing in pages, lifecycle and policy', async () => {
    await send('CreateBucket', { Bucket: 'pages' })
    for (const Key of ['a', 'b', 'c']) await send('PutObject', { Bucket: 'pages', Key, Body: Key })
    const first = await send('ListObjectsV2', { Bucket: 'pages', MaxKeys: 2 })
    const second = await send('ListObjectsV2', { Bucket: 'pages', MaxKeys: 2, ContinuationToken: first['NextContinuationToken'] })
    expect([first, second].map(({ Contents }) => (Contents as { Key: string }[]).map(({ Key }) => Key))).toEqual([['a', 'b'], ['c']])
    const LifecycleConfiguration = { Rules: [{ ID: 'old', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 90 } }] }
    await send('PutBucketLifecycleConfiguration', { LifecycleConfiguration })
    expect(await send('GetBucketLifecycleConfiguration')).toMatchObject(LifecycleConfiguration)
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::boxes/*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }] })
    await send('PutBucketPolicy', { Policy })
    expect(await send('GetBucketPolicy')).toMatchObject({ Policy })
  })
})

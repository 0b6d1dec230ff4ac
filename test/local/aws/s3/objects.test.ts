import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { account, admin, lines, standIn } from '../harness.ts'
import { elements, inEurope, s3, type Sent } from './client.ts'

let aws: Awaited<ReturnType<typeof standIn>>
let send: ReturnType<typeof s3>
beforeAll(async () => {
  aws = await standIn([admin])
  send = s3(aws.port)
  await send({ method: 'PUT', path: '/boxes', body: inEurope })
})
afterAll(() => aws.close())

const put = (key: string, body: string, more: Partial<Sent> = {}) => send({ method: 'PUT', path: `/boxes/${key}`, body, ...more })

// Of the text hello, as any md5sum, crc32 and sha256sum give them.
const md5 = '5d41402abc4b2a76b9719d911017c592'
const md5Base64 = 'XUFAKrxLKna5cZ2REBfFkg=='
const crc32 = 'NhCmhg=='
const sha256 = 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='

describe('an object', () => {
  test('comes back as it was put, with its type and the caller\'s own headers', async () => {
    const made = await put('a%20b/%C3%BC%2B%281%29%27%2A.bin', 'hello', { headers: { 'content-type': 'text/plain', 'x-amz-meta-version': 'v1', 'x-amz-checksum-crc32': crc32 } })
    expect([made.status, made.headers.get('etag'), made.headers.get('x-amz-checksum-crc32'), made.headers.get('x-amz-checksum-type'), made.text]).toEqual([200, `"${md5}"`, crc32, 'FULL_OBJECT', ''])
    const got = await send({ path: '/boxes/a%20b/%C3%BC%2B%281%29%27%2A.bin', headers: { 'x-amz-checksum-mode': 'ENABLED' } })
    expect([got.status, got.text]).toEqual([200, 'hello'])
    expect(Object.fromEntries(got.headers)).toMatchObject({
      'content-type': 'text/plain', 'content-length': '5', etag: `"${md5}"`, 'x-amz-meta-version': 'v1', 'x-amz-checksum-crc32': crc32,
      'x-amz-server-side-encryption': 'AES256', 'last-modified': expect.stringMatching(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/),
    })
    expect((await send({ path: '/boxes/a%20b/%C3%BC%2B%281%29%27%2A.bin' })).headers.get('x-amz-checksum-crc32')).toBeNull()
  })

  test('HEAD gives the headers alone; DELETE takes it away, and a missing one too', async () => {
    await put('head', 'hello')
    const head = await send({ method: 'HEAD', path: '/boxes/head' })
    expect([head.status, head.headers.get('content-length'), head.headers.get('content-type'), head.text]).toEqual([200, '5', 'binary/octet-stream', ''])
    expect((await send({ method: 'DELETE', path: '/boxes/head' })).status).toBe(204)
    expect((await send({ method: 'DELETE', path: '/boxes/head' })).status).toBe(204)
    const gone = await send({ path: '/boxes/head' })
    expect([gone.status, gone.code, gone.headers.get('content-type')]).toEqual([404, 'NoSuchKey', 'application/xml'])
    const headGone = await send({ method: 'HEAD', path: '/boxes/head' })
    expect([headGone.status, headGone.text]).toEqual([404, ''])
  })

  test('a bucket that is not there', async () => {
    expect((await send({ path: '/nowhere/x' })).code).toBe('NoSuchBucket')
    expect((await send({ method: 'PUT', path: '/nowhere/x', body: 'x' })).code).toBe('NoSuchBucket')
  })

  test('bounds: 1,024 bytes of key, 2 KB of metadata, 16 MB of body', async () => {
    expect((await put('k'.repeat(1024), '')).status).toBe(200)
    expect((await put('k'.repeat(1025), '')).code).toBe('KeyTooLongError')
    expect((await put('m', '', { headers: { 'x-amz-meta-a': 'v'.repeat(2047) } })).status).toBe(200)
    expect((await put('m', '', { headers: { 'x-amz-meta-a': 'v'.repeat(2048) } })).code).toBe('MetadataTooLarge')
    expect(['EntityTooLarge', 'closed']).toContain(await put('big', 'x'.repeat(16 * 1024 * 1024 + 1)).then(({ code }) => code, () => 'closed'))
  })
})

describe('conditions of a write', () => {
  test('If-None-Match: * makes, and never overwrites', async () => {
    expect((await put('once', 'hello', { headers: { 'if-none-match': '*' } })).status).toBe(200)
    const again = await put('once', 'other', { headers: { 'if-none-match': '*' } })
    expect([again.status, again.code]).toEqual([412, 'PreconditionFailed'])
    expect((await send({ path: '/boxes/once' })).text).toBe('hello')
  })

  test('of many at once, one makes it', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, (_, i) => put('race', String(i), { headers: { 'if-none-match': '*' } })))
    expect(all.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, ...Array<number>(19).fill(412)])
  })

  test('If-Match overwrites what it knows', async () => {
    await put('match', 'hello')
    expect((await put('match', 'other', { headers: { 'if-match': `"${md5}"` } })).status).toBe(200)
    expect((await put('match', 'third', { headers: { 'if-match': `"${md5}"` } })).code).toBe('PreconditionFailed')
    expect((await put('nobody', 'x', { headers: { 'if-match': `"${md5}"` } })).code).toBe('NoSuchKey')
  })
})

describe('checksums', () => {
  test.each([
    ['content-md5', md5Base64, 200, undefined],
    ['content-md5', 'AAAAAAAAAAAAAAAAAAAAAA==', 400, 'BadDigest'],
    ['content-md5', 'hello', 400, 'InvalidDigest'],
    ['x-amz-checksum-crc32', crc32, 200, undefined],
    ['x-amz-checksum-crc32', 'AAAAAA==', 400, 'BadDigest'],
    ['x-amz-checksum-crc32', 'AAAA', 400, 'InvalidRequest'],
    ['x-amz-checksum-sha256', sha256, 200, undefined],
    ['x-amz-checksum-sha256', sha256.replace('L', 'M'), 400, 'BadDigest'],
    ['x-amz-checksum-crc32c', 'mnG7TA==', 501, 'NotImplemented'],
    ['x-amz-checksum-crc64nvme', 'M3eFcAZSQlc=', 501, 'NotImplemented'],
    ['x-amz-sdk-checksum-algorithm', 'CRC32', 400, 'InvalidRequest'],
  ])('%s: %s', async (header, value, status, code) => {
    const answer = await put('checked', 'hello', { headers: { [header]: value } })
    expect([answer.status, answer.code]).toEqual([status, code])
  })

  test('another body than the signed digest', async () => {
    const answer = await put('x', 'hello', { headers: { 'x-amz-content-sha256': '0'.repeat(64) } })
    expect([answer.status, answer.code]).toEqual([400, 'XAmzContentSHA256Mismatch'])
  })
})

describe('payloads', () => {
  const streamed = (body: string, length: number, trailer = 'x-amz-checksum-crc32') => put('streamed', body, {
    headers: { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': String(length), 'x-amz-trailer': trailer },
  })

  test('aws-chunked with a checksum behind it, as the SDK sends a stream', async () => {
    expect((await streamed(`3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:${crc32}\r\n\r\n`, 5)).status).toBe(200)
    const got = await send({ path: '/boxes/streamed' })
    expect([got.text, got.headers.get('etag'), got.headers.get('content-encoding')]).toEqual(['hello', `"${md5}"`, null])
  })

  test.each([
    ['a wrong checksum', '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', 5, 'BadDigest'],
    ['no trailer', '5\r\nhello\r\n0\r\n\r\n', 5, 'MalformedTrailerError'],
    ['another trailer', '5\r\nhello\r\n0\r\nx-other:1\r\n\r\n', 5, 'MalformedTrailerError'],
    ['fewer bytes than promised', '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n', 6, 'IncompleteBody'],
    ['a chunk cut short', '9\r\nhello\r\n', 5, 'IncompleteBody'],
    ['no end', '5\r\nhello\r\n', 5, 'IncompleteBody'],
    ['no chunks at all', 'hello', 5, 'IncompleteBody'],
  ])('refuses %s', async (_, body, length, code) => {
    expect((await streamed(body, length)).code).toBe(code)
  })

  test.each(['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', 'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD'])('refuses %s by name', async (mark) => {
    const answer = await put('x', 'hello', { headers: { 'x-amz-content-sha256': mark } })
    expect([answer.status, answer.code]).toEqual([501, 'NotImplemented'])
    expect(answer.text).toContain(mark)
  })

  test('UNSIGNED-PAYLOAD leaves the body alone, and nothing else may stand there', async () => {
    expect((await put('unsigned', 'hello', { headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } })).status).toBe(200)
    expect((await put('unsigned', 'hello', { headers: { 'x-amz-content-sha256': 'hello' } })).code).toBe('InvalidArgument')
  })
})

describe('listing', () => {
  beforeAll(async () => {
    await send({ method: 'PUT', path: '/lists', body: inEurope })
    for (const key of ['b', 'a/2', 'a/1', 'a%26%3C', 'Z', '%C3%A9']) await send({ method: 'PUT', path: `/lists/${key}`, body: 'hello' })
  })
  const list = (query = '') => send({ path: `/lists?list-type=2${query}` })

  test('in the order of bytes, with size and ETag', async () => {
    const { text } = await list()
    expect(elements(text, 'Key')).toEqual(['Z', 'a&#38;&#60;', 'a/1', 'a/2', 'b', 'é'])
    expect([elements(text, 'Size')[0], elements(text, 'ETag')[0], elements(text, 'KeyCount'), elements(text, 'IsTruncated'), elements(text, 'MaxKeys')])
      .toEqual(['5', `&#34;${md5}&#34;`, ['6'], ['false'], ['1000']])
  })

  test('by prefix, page by page', async () => {
    expect(elements((await list('&prefix=a%2F')).text, 'Key')).toEqual(['a/1', 'a/2'])
    const seen: string[] = []
    for (let token = ''; ;) {
      const { text } = await list(`&max-keys=4${token === '' ? '' : `&continuation-token=${encodeURIComponent(token)}`}`)
      seen.push(...elements(text, 'Key'))
      token = elements(text, 'NextContinuationToken')[0] ?? ''
      if (token === '') break
    }
    expect(seen).toEqual(['Z', 'a&#38;&#60;', 'a/1', 'a/2', 'b', 'é'])
    expect(elements((await list('&start-after=a%2F1')).text, 'Key')).toEqual(['a/2', 'b', 'é'])
    expect(elements((await list('&max-keys=0')).text, 'IsTruncated')).toEqual(['false'])
  })

  test('a token is of its own bucket, and a number is a number', async () => {
    const [token = ''] = elements((await list('&max-keys=1')).text, 'NextContinuationToken')
    expect((await send({ path: `/boxes?list-type=2&continuation-token=${encodeURIComponent(token)}` })).code).toBe('InvalidArgument')
    expect((await list('&max-keys=x')).code).toBe('InvalidArgument')
  })
})

describe('refused by name', () => {
  test.each([
    ['GET', '/boxes?list-type=2&delimiter=%2F', {}, 'The query parameter delimiter'],
    ['GET', '/boxes?location', {}, 'GET on a bucket with location'],
    ['GET', '/boxes', {}, 'GET on a bucket'],
    ['GET', '/', {}, 'An operation on the service itself'],
    ['PUT', '/boxes?versioning', {}, 'PUT on a bucket with versioning'],
    ['GET', '/boxes/x?versionId=1', {}, 'GET on an object with versionId'],
    ['POST', '/boxes/x?uploads', {}, 'POST on an object with uploads'],
    ['GET', '/boxes/x', { range: 'bytes=0-1' }, 'The header range'],
    ['GET', '/boxes/x', { 'if-none-match': '"x"' }, 'The header if-none-match'],
    ['PUT', '/boxes/x', { 'if-none-match': '"x"' }, 'If-None-Match with anything but a star'],
    ['PUT', '/boxes/x', { 'x-amz-copy-source': '/boxes/y' }, 'The header x-amz-copy-source'],
    ['PUT', '/boxes/x', { 'x-amz-acl': 'public-read' }, 'The header x-amz-acl'],
    ['PUT', '/boxes/x', { 'x-amz-server-side-encryption-customer-key': 'x' }, 'The header x-amz-server-side-encryption-customer-key'],
    ['DELETE', '/boxes/x', { 'if-match': '"x"' }, 'The header if-match'],
  ])('%s %s %j', async (method, path, headers, what) => {
    const { status, code, text } = await send({ method, path, headers })
    expect([status, code]).toEqual([501, 'NotImplemented'])
    expect(text).toContain(what)
  })

  test('another account than expected', async () => {
    const expecting = (id: string) => send({ path: '/boxes?list-type=2', headers: { 'x-amz-expected-bucket-owner': id } })
    expect([(await expecting(account)).status, (await expecting('999999999999')).code]).toEqual([200, 'AccessDenied'])
  })
})

describe('journals', () => {
  test('one line a request, and its body where asked', async () => {
    await put('noted', 'a body to find')
    await send({ path: '/boxes/missing' })
    await send({ path: '/boxes?acl' })
    expect(aws.calls().slice(-3)).toEqual([
      { at: expect.any(String), role: 'admin', service: 's3', operation: 'PutObject', status: 200 },
      { at: expect.any(String), role: 'admin', service: 's3', operation: 'GetObject', status: 404 },
      { at: expect.any(String), role: 'admin', service: 's3', operation: '', status: 501 },
    ])
    expect(lines(aws.config.requests ?? '').at(-3)).toMatchObject({ service: 's3', operation: 'PutObject', body: 'a body to find' })
  })
})

describe('faults', () => {
  const plan = (error: string, operation = 'PutObject') => aws.faults([{ service: 's3', operation, error }])

  test.each([
    ['throttle', 503, 'SlowDown'],
    ['conflict', 409, 'ConditionalRequestConflict'],
    ['unavailable', 503, 'ServiceUnavailable'],
    ['denied', 403, 'AccessDenied'],
    ['InternalError', 500, 'InternalError'],
    ['NoSuchBucket', 404, 'NoSuchBucket'],
  ])('%s: %i %s, once, and nothing was done', async (error, status, code) => {
    await plan(error)
    const answer = await put(error, 'x', { headers: { 'if-none-match': '*' } })
    expect([answer.status, answer.code]).toEqual([status, code])
    expect((await put(error, 'x', { headers: { 'if-none-match': '*' } })).status).toBe(200)
  })

  test.each([['reset', 200], ['lostReply', 412]])('%s: no answer; made again: %i', async (error, status) => {
    await plan(error)
    await expect(put(error, 'x', { headers: { 'if-none-match': '*' } })).rejects.toThrow('fetch failed')
    expect(aws.calls().at(-1)).toMatchObject({ service: 's3', operation: 'PutObject', status: 0 })
    expect((await put(error, 'x', { headers: { 'if-none-match': '*' } })).status).toBe(status)
  })

  test('timeout: silence', async () => {
    await plan('timeout')
    const silence = Symbol('silence')
    const outcome = await Promise.race([put('slow', 'x').catch(() => 'closed'), new Promise((resolve) => { setTimeout(() => resolve(silence), 200) })])
    expect(outcome).toBe(silence)
    expect((await send({ path: '/boxes/slow' })).code).toBe('NoSuchKey')
  })
})

import { CreateKeyCommand, DisableKeyCommand } from '@aws-sdk/client-kms'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { account, admin, allow, region, roleArn, standIn, type Entry } from '../harness.ts'
import { elements, inEurope, s3, type Sent } from './client.ts'

const bucket = 'arn:aws:s3:::boxes'
const writer: Entry = { name: 'writer', policies: [allow(['s3:PutObject'], `${bucket}/in/*`)] }
const reader: Entry = { name: 'reader', policies: [allow(['s3:GetObject'], `${bucket}/*`)] }
const lister: Entry = { name: 'lister', policies: [allow(['s3:GetObject'], `${bucket}/*`), allow(['s3:ListBucket'], bucket)] }
const bare: Entry = { name: 'bare', policies: [] }

let aws: Awaited<ReturnType<typeof standIn>>
let send: ReturnType<typeof s3>
beforeAll(async () => {
  aws = await standIn([admin, writer, reader, lister, bare])
  send = s3(aws.port)
  await make('boxes')
})
afterAll(() => aws.close())

const make = (name: string, body = inEurope) => send({ method: 'PUT', path: `/${name}`, body })
const object = (method: string, key: string, more: Partial<Sent> = {}) => send({ method, path: `/boxes/${key}`, ...more })
const change = (subresource: string, body: string, more: Partial<Sent> = {}) =>
  send({ method: 'PUT', path: `/boxes?${subresource}`, body, headers: { 'content-md5': createHash('md5').update(body).digest('base64') }, ...more })

describe('buckets', () => {
  test('made, seen, and removed when empty', async () => {
    expect((await send({ method: 'HEAD', path: '/one.more' })).status).toBe(404)
    const made = await make('one.more')
    expect([made.status, made.headers.get('location')]).toEqual([200, '/one.more'])
    expect((await make('one.more')).code).toBe('BucketAlreadyOwnedByYou')
    const head = await send({ method: 'HEAD', path: '/one.more' })
    expect([head.status, head.headers.get('x-amz-bucket-region')]).toEqual([200, region])
    await send({ method: 'PUT', path: '/one.more/x', body: 'x' })
    expect((await send({ method: 'DELETE', path: '/one.more' })).code).toBe('BucketNotEmpty')
    await send({ method: 'DELETE', path: '/one.more/x' })
    expect((await send({ method: 'DELETE', path: '/one.more/' })).status).toBe(204)
    expect((await send({ method: 'DELETE', path: '/one.more' })).code).toBe('NoSuchBucket')
  })

  test.each(['ab', 'Upper', 'under_score', '-dash', 'two..dots', '10.0.0.1', 'a'.repeat(64)])('%s is no name', async (name) => {
    expect((await make(name)).code).toBe('InvalidBucketName')
  })

  test('the Region must be named, and be this one', async () => {
    expect((await make('elsewhere', '')).code).toBe('IllegalLocationConstraintException')
    expect((await make('elsewhere', inEurope.replace(region, 'us-west-2'))).code).toBe('IllegalLocationConstraintException')
    expect((await make('elsewhere', '<a>')).code).toBe('MalformedXML')
  })

  test('in us-east-1 no Region is named, and made twice is made', async () => {
    const east = await standIn([admin], { region: 'us-east-1' })
    const there = (sent: Sent) => s3(east.port)({ ...sent, inRegion: 'us-east-1' })
    expect([(await there({ method: 'PUT', path: '/boxes' })).status, (await there({ method: 'PUT', path: '/boxes' })).status]).toEqual([200, 200])
    await east.close()
  })
})

describe('lifecycle', () => {
  const rules = (...all: string[]): string => `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${all.map((rule) => `<Rule>${rule}</Rule>`).join('')}</LifecycleConfiguration>`
  const expiring = '<ID>old</ID><Status>Enabled</Status><Filter><Prefix>in/</Prefix></Filter><Expiration><Days>30</Days></Expiration>'

  test('an expiry rule is kept, and shown with what it covers', async () => {
    expect((await send({ path: '/boxes?lifecycle' })).code).toBe('NoSuchLifecycleConfiguration')
    expect((await change('lifecycle', rules(expiring))).status).toBe(200)
    const { text } = await send({ path: '/boxes?lifecycle' })
    expect([elements(text, 'ID'), elements(text, 'Status'), elements(text, 'Prefix'), elements(text, 'Days')]).toEqual([['old'], ['Enabled'], ['in/'], ['30']])
    const put = await object('PUT', 'in/x', { body: 'x' })
    expect(put.headers.get('x-amz-expiration')).toMatch(/^expiry-date="\w{3}, \d\d \w{3} \d{4} 00:00:00 GMT", rule-id="old"$/)
    const day = new Date(/"([^"]+)"/.exec(put.headers.get('x-amz-expiration') ?? '')?.[1] ?? '').getTime()
    // Thirty days on, and up to the next midnight.
    expect([day - Date.now() >= 30 * 86_400_000 - 2_000, day - Date.now() <= 31 * 86_400_000]).toEqual([true, true])
    expect((await object('PUT', 'out/x', { body: 'x' })).headers.get('x-amz-expiration')).toBeNull()
  })

  test.each([
    ['not XML', 'MalformedXML', '<LifecycleConfiguration>'],
    ['no rule', 'MalformedXML', rules()],
    ['no filter', 'MalformedXML', rules('<Status>Enabled</Status><Expiration><Days>1</Days></Expiration>')],
    ['a document type', 'MalformedXML', `<!DOCTYPE x [<!ENTITY e "1">]>${rules(expiring)}`],
    ['no action', 'InvalidRequest', rules('<Status>Enabled</Status><Filter/>')],
    ['no days', 'InvalidArgument', rules(expiring.replace('30', '0'))],
    ['one id twice', 'InvalidArgument', rules(expiring, expiring)],
    ['transitions', 'NotImplemented', rules(`${expiring}<Transition><Days>1</Days></Transition>`)],
    ['a date', 'NotImplemented', rules(expiring.replace('<Days>30</Days>', '<Date>2030-01-01</Date>'))],
    ['a filter by tag', 'NotImplemented', rules(expiring.replace('<Prefix>in/</Prefix>', '<Tag><Key>a</Key></Tag>'))],
  ])('refuses %s: %s', async (_, code, body) => {
    expect((await change('lifecycle', body)).code).toBe(code)
  })

  test('wants a checksum', async () => {
    expect((await change('lifecycle', rules(expiring), { headers: {} })).code).toBe('InvalidRequest')
  })
})

describe('authorization', () => {
  beforeAll(async () => {
    await object('PUT', 'in/there', { body: 'hello' })
  })

  test.each([
    ['writer', 'PUT', 'in/a', 200], ['writer', 'PUT', 'out/a', 403], ['writer', 'GET', 'in/there', 403], ['writer', 'DELETE', 'in/there', 403],
    ['reader', 'GET', 'in/there', 200], ['reader', 'HEAD', 'in/there', 200], ['reader', 'PUT', 'in/a', 403],
    // Who may not list is not told what is missing.
    ['reader', 'GET', 'in/missing', 403], ['reader', 'HEAD', 'in/missing', 403], ['lister', 'GET', 'in/missing', 404], ['lister', 'HEAD', 'in/missing', 404],
    ['bare', 'GET', 'in/there', 403],
  ])('%s %s %s: %i', async (as, method, key, status) => {
    expect((await object(method, key, { as })).status).toBe(status)
  })

  test('a denial names who, what and where', async () => {
    const { code, text } = await object('PUT', 'out/a', { as: 'writer' })
    expect(code).toBe('AccessDenied')
    expect(text).toContain(`User: ${roleArn('writer')} is not authorized to perform: s3:PutObject on resource: ${bucket}/out/a`)
  })

  test('listing and the bucket itself', async () => {
    const status = async (as: string, path: string, method = 'GET') => (await send({ as, path, method })).status
    expect([await status('lister', '/boxes?list-type=2'), await status('reader', '/boxes?list-type=2'), await status('lister', '/boxes', 'HEAD'), await status('reader', '/boxes', 'HEAD')]).toEqual([200, 403, 200, 403])
    expect([await status('lister', '/boxes?policy'), await status('lister', '/boxes', 'DELETE'), await status('lister', '/other', 'PUT')]).toEqual([403, 403, 403])
  })

  test('If-Match needs reading, too', async () => {
    const { etag } = Object.fromEntries((await object('PUT', 'in/match', { body: 'x' })).headers)
    expect((await object('PUT', 'in/match', { as: 'writer', body: 'y', headers: { 'if-match': etag ?? '' } })).code).toBe('AccessDenied')
  })
})

describe('bucket policies', () => {
  const statement = (more: object): object => ({ Effect: 'Allow', Principal: { AWS: roleArn('bare') }, Action: 's3:GetObject', Resource: `${bucket}/*`, ...more })
  const policy = (...Statement: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement })

  test('kept as given, and part of every decision', async () => {
    expect((await send({ path: '/boxes?policy' })).code).toBe('NoSuchBucketPolicy')
    const given = policy(
      statement({}),
      { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: [bucket, `${bucket}/*`], Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      { Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: `${bucket}/once/*`, Condition: { Null: { 's3:if-none-match': 'true' } } },
      { Effect: 'Deny', Principal: '*', Action: 's3:ListBucket', Resource: bucket, Condition: { StringEquals: { 's3:prefix': 'hidden/' } } },
      { Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: `${bucket}/*`, Condition: { StringEquals: { 's3:x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } } },
    )
    expect((await change('policy', given)).status).toBe(204)
    expect((await send({ path: '/boxes?policy' })).text).toBe(given)
    expect([(await object('GET', 'in/there', { as: 'bare' })).status, (await object('PUT', 'in/there', { as: 'bare' })).status]).toEqual([200, 403])
    expect([(await object('PUT', 'once/a', { body: 'x' })).status, (await object('PUT', 'once/a', { body: 'x', headers: { 'if-none-match': '*' } })).status]).toEqual([403, 200])
    expect([(await send({ path: '/boxes?list-type=2&prefix=hidden%2F' })).status, (await send({ path: '/boxes?list-type=2&prefix=in%2F' })).status]).toEqual([403, 200])
    expect((await object('PUT', 'in/x', { body: 'x', headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } })).code).toBe('AccessDenied')
  })

  test.each([
    ['not JSON', '{', 'MalformedPolicy'],
    ['no principal', policy(statement({ Principal: undefined })), 'MalformedPolicy'],
    ['another bucket', policy(statement({ Resource: 'arn:aws:s3:::other/*' })), 'MalformedPolicy'],
    ['every resource', policy(statement({ Resource: '*' })), 'MalformedPolicy'],
    ['a condition that is not known', policy(statement({ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } })), 'MalformedPolicy'],
    ['everyone', policy(statement({ Principal: '*' })), 'AccessDenied'],
    ['everyone in AWS', policy(statement({ Principal: { AWS: ['*'] } })), 'AccessDenied'],
  ])('refuses %s: %s', async (_, body, code) => {
    expect((await change('policy', body)).code).toBe(code)
  })
})

describe('encryption', () => {
  const sse = 'x-amz-server-side-encryption'
  let key: string
  beforeAll(async () => {
    const { KeyMetadata } = await aws.as('admin').kms.send(new CreateKeyCommand({}))
    key = KeyMetadata?.Arn ?? ''
  })
  const asked = (id: string): Record<string, string> => ({ [sse]: 'aws:kms', [`${sse}-aws-kms-key-id`]: id })

  test('headers are taken and shown; the caller needs the key', async () => {
    const id = key.split('/')[1] ?? ''
    const put = await object('PUT', 'in/sealed', { body: 'x', headers: asked(id) })
    expect([put.status, put.headers.get(sse), put.headers.get(`${sse}-aws-kms-key-id`)]).toEqual([200, 'aws:kms', key])
    expect((await object('GET', 'in/sealed')).headers.get(`${sse}-aws-kms-key-id`)).toBe(key)
    const denied = await object('PUT', 'in/sealed', { as: 'writer', body: 'x', headers: asked(id) })
    expect(denied.text).toContain(`User: ${roleArn('writer')} is not authorized to perform: kms:GenerateDataKey on resource: ${key}`)
    expect((await object('GET', 'in/sealed', { as: 'reader' })).text).toContain('kms:Decrypt')
  })

  test('the key\'s policy may bind it to S3 and to the object', async () => {
    const Policy = JSON.stringify({ Statement: [
      { Effect: 'Allow', Principal: { AWS: roleArn('writer') }, Action: 'kms:GenerateDataKey', Resource: '*', Condition: { StringEquals: { 'kms:ViaService': `s3.${region}.amazonaws.com`, 'kms:EncryptionContext:aws:s3:arn': `${bucket}/in/bound` } } },
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'kms:*', Resource: '*' },
    ] })
    const { KeyMetadata } = await aws.as('admin').kms.send(new CreateKeyCommand({ Policy }))
    const put = (name: string) => object('PUT', name, { as: 'writer', body: 'x', headers: asked(KeyMetadata?.Arn ?? '') })
    expect([(await put('in/bound')).status, (await put('in/free')).status]).toEqual([200, 403])
  })

  test('a bucket\'s own encryption is for whatever does not say', async () => {
    const rule = `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>${key}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`
    await make('sealed')
    expect((await send({ method: 'PUT', path: '/sealed?encryption', body: rule })).status).toBe(200)
    expect(elements((await send({ path: '/sealed?encryption' })).text, 'KMSMasterKeyID')).toEqual([key])
    const put = await send({ method: 'PUT', path: '/sealed/x', body: 'x' })
    expect([put.headers.get(`${sse}-aws-kms-key-id`), put.headers.get(`${sse}-bucket-key-enabled`)]).toEqual([key, 'true'])
  })

  test.each([
    ['a key that is not there', { [sse]: 'aws:kms', [`${sse}-aws-kms-key-id`]: '00000000-0000-4000-8000-000000000000' }, 'KMS.NotFoundException'],
    ['a key of AWS', { [sse]: 'aws:kms' }, 'NotImplemented'],
    ['another algorithm', { [sse]: 'aws:kms:dsse' }, 'NotImplemented'],
    ['a key for AES256', { [sse]: 'AES256', [`${sse}-aws-kms-key-id`]: 'x' }, 'InvalidArgument'],
  ])('refuses %s', async (_, headers, code) => {
    expect((await object('PUT', 'in/x', { body: 'x', headers })).code).toBe(code)
  })

  test('a disabled key', async () => {
    const { KeyMetadata } = await aws.as('admin').kms.send(new CreateKeyCommand({}))
    await aws.as('admin').kms.send(new DisableKeyCommand({ KeyId: KeyMetadata?.KeyId }))
    expect((await object('PUT', 'in/x', { body: 'x', headers: asked(KeyMetadata?.Arn ?? '') })).code).toBe('KMS.DisabledException')
  })
})

describe('signatures', () => {
  const list: Sent = { path: '/boxes?list-type=2' }
  test.each<[why: string, sent: Partial<Sent>, status: number, code: string]>([
    ['no signature', { change: (headers) => { delete headers['authorization'] } }, 403, 'AccessDenied'],
    ['a key id nobody has', { as: 'stranger' }, 403, 'InvalidAccessKeyId'],
    ['another header than the signed one', { headers: { 'x-amz-user-agent': 'a' }, change: (headers) => { headers['x-amz-user-agent'] = 'b' } }, 403, 'SignatureDoesNotMatch'],
    ['another payload than the signed one', { change: (headers) => { headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD' } }, 403, 'SignatureDoesNotMatch'],
    ['no payload', { change: (headers) => { delete headers['x-amz-content-sha256'] } }, 400, 'InvalidRequest'],
    ['an x-amz header that is not signed', { change: (headers) => { headers['x-amz-user-agent'] = 'b' } }, 400, 'AuthorizationHeaderMalformed'],
    ['another region', { inRegion: 'us-west-2' }, 403, 'SignatureDoesNotMatch'],
    ['an old signature', { at: new Date(Date.now() - 20 * 60_000) }, 403, 'RequestTimeTooSkewed'],
    ['a presigned URL', { path: '/boxes/x?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0', change: (headers) => { delete headers['authorization'] } }, 501, 'NotImplemented'],
  ])('refuses %s', async (_, sent, status, code) => {
    const answer = await send({ ...list, ...sent })
    expect([answer.status, answer.code]).toEqual([status, code])
  })

  test('a principals file that cannot be used refuses everybody, S3 too', async () => {
    const lost = await standIn([admin])
    writeFileSync(lost.config.principals, '[')
    const answer = await s3(lost.port)(list)
    expect([answer.status, answer.code]).toEqual([500, 'InternalError'])
    await lost.close()
  })
})

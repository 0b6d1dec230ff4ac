import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { canonicalRequest, signature, stringToSign, verify, type SignedRequest } from '../../../local/aws/sigv4.ts'

const folder = join(import.meta.dirname, '../../../../shared/vectors/aws-sigv4/v4')
const present = existsSync(folder)
const cases = present ? readdirSync(folder) : []
// Loud on purpose: without the vectors this file proves much less.
if (!present) process.stderr.write('sigv4.test.ts: SKIPPED the AWS signing suite (0 of 25 cases): ../shared/vectors/aws-sigv4 is not there\n')

type Suite = {
  credentials: { access_key_id: string; secret_access_key: string; token?: string }
  normalize: boolean
  region: string
  service: string
  timestamp: string
}

/** Reads the suite's own request format: header continuation lines begin with a space. */
function readRequest(text: string, suite: Suite): SignedRequest {
  const [head = '', ...rest] = text.split('\n\n')
  const [first = '', ...headerLines] = head.split('\n')
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(first) ?? []
  const headers: Record<string, string> = {}
  let last = ''
  for (const line of headerLines) {
    const at = line.indexOf(':')
    if (/^\s/.test(line)) headers[last] += `\n${line}`
    else {
      last = line.slice(0, at).toLowerCase()
      const value = line.slice(at + 1)
      headers[last] = headers[last] === undefined ? value : `${headers[last]},${value}`
    }
  }
  const [rawPath = '', rawQuery = ''] = target.split(/\?(.*)/s)
  return {
    method, rawPath, rawQuery, headers, body: Buffer.from(rest.join('\n\n')), now: new Date(suite.timestamp),
    service: suite.service, region: suite.region, normalizePath: suite.normalize,
  }
}

describe('the AWS signing test suite', () => {
  test.runIf(present).each(cases)('%s', (name) => {
    const file = (part: string): string => readFileSync(join(folder, name, part), 'utf8')
    const suite = JSON.parse(file('context.json')) as Suite
    const request = readRequest(file('header-signed-request.txt'), suite)
    const signedHeaders = (/SignedHeaders=([^,]+)/.exec(request.headers['authorization'] ?? '')?.[1] ?? '').split(';')
    const stamp = suite.timestamp.replace(/[-:]/g, '')
    const scope = `${stamp.slice(0, 8)}/${suite.region}/${suite.service}/aws4_request`
    const canonical = canonicalRequest(request, signedHeaders) ?? ''

    expect(canonical).toBe(file('header-canonical-request.txt'))
    const text = stringToSign(canonical, stamp, scope)
    expect(text).toBe(file('header-string-to-sign.txt'))
    expect(signature(text, suite.credentials.secret_access_key, scope)).toBe(file('header-signature.txt'))

    const credentials = {
      secretAccessKey: suite.credentials.secret_access_key,
      ...(suite.credentials.token && { sessionToken: suite.credentials.token }),
    }
    expect(verify(request, () => credentials)).toEqual({ ok: true, accessKeyId: 'AKIDEXAMPLE', signedAt: new Date('2015-08-30T12:36:00Z') })
  })
})

// The example of the AWS reference, "get-vanilla", in literals: it holds without the suite.
const vanilla: SignedRequest = {
  method: 'GET', rawPath: '/', rawQuery: '', body: Buffer.alloc(0), service: 'service', region: 'us-east-1',
  now: new Date('2015-08-30T12:36:00Z'),
  headers: {
    host: 'example.amazonaws.com',
    'x-amz-date': '20150830T123600Z',
    authorization: 'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, ' +
      'Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
}
const secret = { secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const authorization = vanilla.headers['authorization'] ?? ''
const withHeaders = (headers: Record<string, string>): SignedRequest => ({ ...vanilla, headers: { ...vanilla.headers, ...headers } })

describe('verify', () => {
  test('accepts get-vanilla', () => {
    expect(verify(vanilla, () => secret)).toEqual({ ok: true, accessKeyId: 'AKIDEXAMPLE', signedAt: new Date('2015-08-30T12:36:00Z') })
  })

  const refusals: [why: string, request: SignedRequest, code: string][] = [
    ['no authorization', { ...vanilla, headers: { host: 'example.amazonaws.com' } }, 'MissingAuthenticationToken'],
    ['another scheme', withHeaders({ authorization: 'Bearer x' }), 'IncompleteSignature'],
    ['no date', { ...vanilla, headers: { host: 'example.amazonaws.com', authorization } }, 'IncompleteSignature'],
    ['a date that is none', withHeaders({ 'x-amz-date': '20151330T123600Z' }), 'IncompleteSignature'],
    ['host not signed', withHeaders({ authorization: authorization.replace('host;x-amz-date', 'x-amz-date') }), 'IncompleteSignature'],
    ['a signed header that is missing', withHeaders({ authorization: authorization.replace('host;', 'host;via;') }), 'IncompleteSignature'],
    ['headers out of order', withHeaders({ authorization: authorization.replace('host;x-amz-date', 'x-amz-date;host') }), 'IncompleteSignature'],
    ['an x-amz header that is not signed', withHeaders({ 'x-amz-target': 'TrentService.Decrypt' }), 'IncompleteSignature'],
    ['a part given twice', withHeaders({ authorization: `${authorization}, Signature=00` }), 'IncompleteSignature'],
    ['a token nobody gave', withHeaders({ 'x-amz-security-token': 'x' }), 'UnrecognizedClient'],
    ['another region', { ...vanilla, region: 'eu-central-1' }, 'InvalidSignature'],
    ['another service', { ...vanilla, service: 'execute-api' }, 'InvalidSignature'],
    ['another day in the scope', withHeaders({ authorization: authorization.replace('/20150830/', '/20150831/') }), 'InvalidSignature'],
    ['another method', { ...vanilla, method: 'DELETE' }, 'InvalidSignature'],
    ['another path', { ...vanilla, rawPath: '/x' }, 'InvalidSignature'],
    ['another query', { ...vanilla, rawQuery: 'a=1' }, 'InvalidSignature'],
    ['a query that is not encoded', { ...vanilla, rawQuery: 'a=%zz' }, 'InvalidSignature'],
    ['another host', withHeaders({ host: 'evil.example' }), 'InvalidSignature'],
    ['another body', { ...vanilla, body: Buffer.from('x') }, 'InvalidSignature'],
    ['a signature cut short', withHeaders({ authorization: authorization.slice(0, -1) }), 'InvalidSignature'],
    ['six minutes late', { ...vanilla, now: new Date('2015-08-30T12:42:01Z') }, 'RequestExpired'],
    ['six minutes early', { ...vanilla, now: new Date('2015-08-30T12:29:59Z') }, 'RequestExpired'],
  ]
  test.each(refusals)('refuses %s', (_, request, code) => {
    expect(verify(request, () => secret)).toEqual({ ok: false, code })
  })

  test('refuses an unknown key id and a wrong secret', () => {
    expect(verify(vanilla, () => undefined)).toEqual({ ok: false, code: 'UnrecognizedClient' })
    expect(verify(vanilla, () => ({ secretAccessKey: 'other' }))).toEqual({ ok: false, code: 'InvalidSignature' })
  })

  test('bears four and a half minutes of skew', () => {
    expect(verify({ ...vanilla, now: new Date('2015-08-30T12:40:30Z') }, () => secret).ok).toBe(true)
  })

  test.each(['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', '0'.repeat(64)])('refuses x-amz-content-sha256 %s', (payload) => {
    const headers = { ...vanilla.headers, 'x-amz-content-sha256': payload }
    const signed = ['host', 'x-amz-content-sha256', 'x-amz-date']
    const scope = '20150830/us-east-1/service/aws4_request'
    // Signed rightly, over the payload marker as S3 would: only the marker is refused.
    const canonical = canonicalRequest({ ...vanilla, headers }, signed)?.replace(/[^\n]+$/, payload) ?? ''
    const made = signature(stringToSign(canonical, '20150830T123600Z', scope), secret.secretAccessKey, scope)
    const request = { ...vanilla, headers: { ...headers, authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${scope}, SignedHeaders=${signed.join(';')}, Signature=${made}` } }
    expect(verify(request, () => secret)).toEqual({ ok: false, code: 'InvalidSignature' })
  })
})

// The examples of the S3 API reference, "Signature Calculations for the Authorization Header" (single chunk and chunked upload).
describe('S3', () => {
  const now = new Date('2013-05-24T00:00:00Z')
  const keys = { secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
  const signedBy = (names: string, signature: string): string =>
    `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=${names},Signature=${signature}`
  const request = (method: string, rawPath: string, headers: Record<string, string>, payload: string, names: string, made: string): SignedRequest => ({
    method, rawPath, rawQuery: '', body: Buffer.alloc(0), service: 's3', region: 'us-east-1', now, doubleEncodePath: false, normalizePath: false, payload,
    headers: { 'x-amz-date': '20130524T000000Z', 'x-amz-content-sha256': payload, ...headers, authorization: signedBy(names, made) },
  })
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
  const welcome = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072'
  const host = 'examplebucket.s3.amazonaws.com'
  const examples: [what: string, request: SignedRequest][] = [
    ['GET Object', request('GET', '/test.txt', { host, range: 'bytes=0-9' }, empty, 'host;range;x-amz-content-sha256;x-amz-date', 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41')],
    ['PUT Object, with an encoded path', request('PUT', '/test%24file.text', { host, date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' }, welcome, 'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class', '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd')],
    ['PUT Object in chunks: the seed signature', request('PUT', '/examplebucket/chunkObject.txt', {
      'content-encoding': 'aws-chunked', 'content-length': '66824', host: 's3.amazonaws.com', 'x-amz-decoded-content-length': '66560', 'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    }, 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', 'content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class', '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9')],
  ]
  test.each(examples)('%s', (_, example) => {
    expect(verify(example, () => keys).ok).toBe(true)
    expect(verify({ ...example, payload: 'UNSIGNED-PAYLOAD' }, () => keys)).toEqual({ ok: false, code: 'InvalidSignature' })
  })
})

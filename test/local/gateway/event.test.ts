import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { httpEvent, isText } from '../../../local/gateway/event.ts'
import type { Received } from '../../../local/gateway/request.ts'

interface Event {
  rawPath: string
  rawQueryString: string
  headers: Record<string, string>
  requestContext: { authorizer?: { iam: Record<string, unknown> }; http: Record<string, string>; time: string; timeEpoch: number }
  [member: string]: unknown
}

const vectors = new URL('../../../../shared/vectors/lambda-events/', import.meta.url)
const vector = (name: string): Event => JSON.parse(readFileSync(new URL(name, vectors), 'utf8')) as Event

const api = { id: 'api-id', account: '123456789012', region: 'us-east-1' }
const now = new Date('2020-03-12T19:03:58.390Z')
const caller = { accessKeyId: 'LKIA1', arn: 'arn:aws:iam::123456789012:user/Admin', id: 'AIDA1' }
const request = (options: Partial<Received> = {}): Received => ({
  method: 'POST', rawPath: '/my/path', path: '/my/path', rawQuery: '', headers: {}, sourceIp: '192.168.0.1', protocol: 'HTTP/1.1', body: Buffer.alloc(0), ...options,
})
const event = (options: Partial<Received>, signed?: typeof caller): Event => httpEvent(request(options), '$default', api, signed, 'id', now) as Event

describe('against events that others recorded', () => {
  it('has the members of an open GET, and no others (aws-lambda-go, captured with curl)', () => {
    const recorded = vector('aws-lambda-go/apigw-v2-request-no-authorizer.json')
    const ours = event({ method: 'GET', rawPath: '/', path: '/', headers: { accept: '*/*', host: 'x', 'user-agent': 'curl/7.58.0' } })
    expect(Object.keys(ours).toSorted()).toEqual(Object.keys(recorded).toSorted())
    expect(Object.keys(ours.headers).toSorted()).toEqual(Object.keys(recorded.headers).toSorted())
    // The recording got the certificate of mutual TLS written into it by hand.
    const context = Object.keys(recorded.requestContext).filter((name) => name !== 'authentication')
    expect(Object.keys(ours.requestContext).toSorted()).toEqual(context.toSorted())
    expect(Object.keys(ours.requestContext.http).toSorted()).toEqual(Object.keys(recorded.requestContext.http).toSorted())
    expect(ours.requestContext.http['userAgent']).toBe('curl/7.58.0')
  })

  it('has the query, cookies, headers and time of the documented event (powertools)', () => {
    const documented = vector('powertools-python/apiGatewayProxyV2Event.json')
    const ours = event({
      rawQuery: 'parameter1=value1&parameter1=value2&parameter2=value', headers: { cookie: 'cookie1; cookie2', header1: 'value1', header2: 'value1,value2', 'content-type': 'application/json', 'user-agent': 'agent' },
      body: Buffer.from('{"message": "hello world", "username": "tom"}'),
    })
    for (const member of ['version', 'routeKey', 'rawPath', 'rawQueryString', 'cookies', 'isBase64Encoded', 'body']) expect(ours[member]).toEqual(documented[member])
    expect({ ...ours['queryStringParameters'] as object }).toEqual(documented['queryStringParameters'])
    expect(ours.headers['header2']).toBe('value1,value2')
    expect(ours.headers).not.toHaveProperty('cookie')
    expect(ours.requestContext.time).toBe(documented.requestContext.time)
    expect(ours.requestContext).not.toHaveProperty('authorizer')
  })

  it.each(['aws-lambda-go/apigw-v2-request-iam.json', 'powertools-python/apiGatewayProxyV2IamEvent.json'])('tells of a signed caller what %s does', (name) => {
    const recorded = vector(name).requestContext.authorizer?.iam ?? {}
    const ours = event({}, caller).requestContext.authorizer?.iam ?? {}
    expect(Object.keys(ours).toSorted()).toEqual(Object.keys(recorded).toSorted())
    expect(ours).toEqual({ accessKey: 'LKIA1', accountId: '123456789012', callerId: 'AIDA1', cognitoIdentity: null, principalOrgId: null, userArn: 'arn:aws:iam::123456789012:user/Admin', userId: 'AIDA1' })
  })
})

describe('paths and queries', () => {
  it('has pathParameters only where the route has a parameter', () => {
    expect(event({})).not.toHaveProperty('pathParameters')
    expect(httpEvent(request(), 'GET /my/{id}', api, undefined, 'id', now, { id: 'path' })).toMatchObject({ routeKey: 'GET /my/{id}', pathParameters: { id: 'path' } })
  })

  it('decodes the path and keeps the query as it was sent', () => {
    const ours = event({ rawPath: '/a%20b%2Fc', path: '/a b/c', rawQuery: 'q=a%20b&q=c%2Cd&flag&e=' })
    expect(ours.rawPath).toBe('/a b/c')
    expect(ours.rawQueryString).toBe('q=a%20b&q=c%2Cd&flag&e=')
    expect({ ...ours['queryStringParameters'] as object }).toEqual({ q: 'a b,c,d', flag: '', e: '' })
  })

  it('ends the path at a decoded question mark, as AWS does', () => {
    expect(event({ path: '/users/me?admin=true' }).rawPath).toBe('/users/me')
  })

  it('bears names that an object would treat specially', () => {
    const ours = JSON.parse(JSON.stringify(event({ rawQuery: '__proto__=1&constructor=2' }))) as Event
    expect(Object.entries(ours['queryStringParameters'] as object)).toEqual([['__proto__', '1'], ['constructor', '2']])
  })
})

describe('bodies', () => {
  it.each([
    ['text/plain', true], ['text/csv; charset=utf-8', true], ['application/json', true], ['Application/JSON; charset=utf-8', true], ['application/xml', true],
    ['application/javascript', true], ['application/problem+json', true], [undefined, true],
    ['application/jose', false], ['application/x-www-form-urlencoded', false], ['application/octet-stream', false], ['application/jsonx', false], ['', false],
  ])('%s is text: %s', (type, text) => {
    expect(isText(type)).toBe(text)
  })

  it('are base64 when they are no text, whatever they hold', () => {
    const ours = event({ headers: { 'content-type': 'application/jose' }, body: Buffer.from('abc') })
    expect(ours['body']).toBe('YWJj')
    expect(ours['isBase64Encoded']).toBe(true)
  })

  it('are text/plain without a content type', () => {
    const ours = event({ body: Buffer.from('abc') })
    expect(ours['body']).toBe('abc')
    expect(ours.headers['content-type']).toBe('text/plain; charset=utf-8')
  })
})

it('says where the call came from, whatever the client claims', () => {
  const { headers } = event({ headers: { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'gopher', 'x-forwarded-port': '1', connection: 'keep-alive', 'transfer-encoding': 'chunked' } })
  expect(headers).toMatchObject({ 'x-forwarded-for': '6.6.6.6, 192.168.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' })
  expect(headers).not.toHaveProperty('connection')
  expect(headers).not.toHaveProperty('transfer-encoding')
})

import { describe, expect, it } from 'vitest'
import { readReply } from '../../../local/gateway/reply.ts'

const seen = (value: unknown): object | undefined => {
  const reply = readReply(typeof value === 'string' && value.startsWith('raw:') ? value.slice(4) : JSON.stringify(value))
  return reply && { ...reply, body: reply.body.toString() }
}

describe('a reply with a status', () => {
  it('carries headers, cookies and a body', () => {
    expect(seen({ statusCode: 201, headers: { 'Content-Type': 'text/html', 'X-Number': 7 }, cookies: ['a=1', 'b=2; Secure'], body: '<p>' })).toEqual({
      status: 201, headers: { 'content-type': 'text/html', 'x-number': '7', 'set-cookie': ['a=1', 'b=2; Secure'] }, body: '<p>',
    })
  })
  it('is plain text where it does not say', () => {
    expect(seen({ statusCode: 202 })).toEqual({ status: 202, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '' })
    expect(seen({ statusCode: '200', body: null, headers: null, cookies: undefined })).toMatchObject({ status: 200, body: '' })
  })
  it('decodes base64 when told so', () => {
    expect(seen({ statusCode: 200, body: 'w7w=', isBase64Encoded: true })).toMatchObject({ body: 'ü' })
    expect(seen({ statusCode: 200, body: 'w7w=' })).toMatchObject({ body: 'w7w=' })
  })
  it('leaves the connection and the length to the gateway', () => {
    expect(seen({ statusCode: 200, headers: { Connection: 'close', 'Content-Length': '999', 'Transfer-Encoding': 'chunked', 'apigw-requestid': 'x' }, body: 'abc' }))
      .toEqual({ status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'abc' })
  })
})

it.each([[{ a: 1 }, '{"a":1}'], ['text', 'text'], [7, '7'], [[1], '[1]'], [null, 'null']])('is the JSON body of a 200 without a status: %j', (value, body) => {
  expect(seen(value)).toEqual({ status: 200, headers: { 'content-type': 'application/json' }, body })
})

it.each([
  ['a status that is none', { statusCode: 'soon' }], ['a status out of range', { statusCode: 99 }], ['a body that is an object', { statusCode: 200, body: {} }],
  ['cookies that are no list', { statusCode: 200, cookies: 'a=1' }], ['a header that is a list', { statusCode: 200, headers: { a: ['1'] } }],
  ['a header that breaks the line', { statusCode: 200, headers: { a: 'x\r\nset-cookie: b=1' } }], ['a cookie that does', { statusCode: 200, cookies: ['a=1\r\nx: y'] }],
  ['a header name with a space', { statusCode: 200, headers: { 'a b': '1' } }], ['no JSON', 'raw:{'], ['nothing', 'raw:'],
])('cannot be read: %s', (_, value) => {
  expect(seen(value)).toBeUndefined()
})

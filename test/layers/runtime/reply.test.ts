import { expect, test } from 'vitest'
import { replyOf } from '../../../layers/runtime/reply.ts'

const said = (payload: unknown) => {
  const { headers, body } = replyOf(200, payload, 'id')
  return [headers['content-type'], body]
}

test('what a cipher or a signature made is the body as it is, of its type', () => {
  expect(said({ sealed: 'a.b.c.d.e', mediaType: 'application/jose' })).toStrictEqual(['application/jose', 'a.b.c.d.e'])
  expect(said({ sealed: 'a.b.c.d.e' })).toStrictEqual(['application/jose', 'a.b.c.d.e'])
  expect(said({ signed: '{}', mediaType: 'application/jose+json' })).toStrictEqual(['application/jose+json', '{}'])
  expect(said({ sealed: 'x', mediaType: 'text/plain' })).toStrictEqual(['text/plain', 'x'])
  expect(said(undefined)).toStrictEqual(['application/json', 'null'])
})

test.each([
  { signed: '<script>', mediaType: 'text/html' }, { sealed: '<script>', mediaType: 'application/xhtml+xml' }, { signed: '<svg>', mediaType: 'image/svg+xml' },
  { signed: 'x', mediaType: 'text/plain\r\nset-cookie: a=b' }, { signed: 'x', mediaType: 'application/jose', amount: 1 }, { sealed: 'x', amount: 1 },
])('a payload that only looks like it is JSON: %j', (payload) => {
  expect(said(payload)).toStrictEqual(['application/json', JSON.stringify(payload)])
})

import { expect, test } from 'vitest'
import { path } from '../../../layers/runtime/path.ts'

test('a value becomes one escaped segment', () => {
  expect(path`/loans/${'a/b?c#d e'}/x`).toStrictEqual({ path: '/loans/a%2Fb%3Fc%23d%20e/x' })
  expect(path`/loans/${'..%2f'}`.path).toBe('/loans/%2E%2E%252f')
})

test.each(['', '.', '..'])('the value %j throws, and the error does not quote', (value) => {
  expect(() => path`/loans/${value}`).toThrow(TypeError)
})

test('a template that leaves the origin or climbs throws', () => {
  expect(() => path`//evil.example/x`).toThrow(TypeError)
  expect(() => path`/\evil.example`).toThrow(TypeError)
  expect(() => path`/a/../b`).toThrow(TypeError)
  expect(() => path`loans`).toThrow(TypeError)
})

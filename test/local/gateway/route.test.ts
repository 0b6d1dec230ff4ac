import { describe, expect, it } from 'vitest'
import { matcher, type Route } from '../../../local/gateway/route.ts'

const routes = (...keys: string[]): Route[] => keys.map((key) => ({ key, auth: 'NONE', function: 'f' }))
const find = matcher(routes('GET /pets/dog/1', 'GET /pets/dog/{id}', 'ANY /pets/{kind}/all', 'POST /pets/{kind}/all', 'ANY /pets/{name}', 'DELETE /pets/me', '$default'))
const found = (method: string, path: string): unknown => {
  const matched = find(method, path)
  return matched && [matched.route.key, matched.parameters]
}

describe('routes with a parameter', () => {
  // The first three are the examples of API Gateway's documentation.
  it.each([
    ['GET', '/pets/dog/1', 'GET /pets/dog/1', undefined],
    ['GET', '/pets/dog/2', 'GET /pets/dog/{id}', { id: '2' }],
    ['POST', '/test/5', '$default', undefined],
    ['GET', '/pets/cat/all', 'ANY /pets/{kind}/all', { kind: 'cat' }],
    ['POST', '/pets/cat/all', 'POST /pets/{kind}/all', { kind: 'cat' }],
    ['DELETE', '/pets/me', 'DELETE /pets/me', undefined],
    // The exact path is there for another method alone.
    ['GET', '/pets/me', 'ANY /pets/{name}', { name: 'me' }],
    ['GET', '/pets/constructor', 'ANY /pets/{name}', { name: 'constructor' }],
    // One segment, and not an empty one.
    ['GET', '/pets/', '$default', undefined],
    ['GET', '/pets//all', '$default', undefined],
    ['GET', '/pets/dog/2/3', '$default', undefined],
    // More of its text comes before the parameter.
    ['GET', '/pets/dog/all', 'GET /pets/dog/{id}', { id: 'all' }],
    // The text before and after the parameter must not share characters.
    ['GET', '/pets/all', 'ANY /pets/{name}', { name: 'all' }],
  ])('%s %s is %s', (method, path, key, parameters) => {
    expect(found(method, path)).toEqual([key, parameters])
  })

  it('is nothing where nothing matches', () => {
    expect(matcher(routes('GET /a/{id}'))('POST', '/a/1')).toBeUndefined()
  })

  it.each(['GET /{id+}', 'GET /a/{b}/{c}', 'GET /a/x{b}', 'GET /a/{b}x', 'GET /a/{}', 'get /a/{b}'])('refuses %s', (key) => {
    expect(() => matcher(routes(key))).toThrow(`route ${key}: the local gateway knows plain paths, and paths with one {parameter} that is a whole segment`)
  })

  it('refuses two that match the same', () => {
    expect(() => matcher(routes('GET /a/{b}', 'GET /a/{c}'))).toThrow('route GET /a/{c} matches what route GET /a/{b} does')
  })
})

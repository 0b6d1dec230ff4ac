import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { luhn } from 'sallyport'
import { drawn, ways } from '../../cli/where/mark.ts'
import { Sought } from '../../cli/where/search.ts'
import { views } from '../../cli/where/views.ts'
import { cpu } from '../cpu.ts'

const statusesOf = (value: string | number, content: string | Uint8Array): string[] => new Sought(value).in(content).map(({ status }) => status)
const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64')

describe('a mark', () => {
  test('has the shape of the value', () => {
    for (let i = 0; i < 200; i++) {
      expect(drawn('Ada "O" Łukasz-7')).toMatch(/^[A-Z][a-z]{2} "[A-Z]" [A-Z][a-z]{5}-\d$/)
      expect(luhn(drawn('4111 1111 1111 1111'))).toBe(true)
      expect(drawn('5555 5555 5555 4444')).toMatch(/^5/)
      expect(String(drawn(12.5))).toMatch(/^\d\d\.\d$/)
      expect(drawn(25_000)).toBeGreaterThan(9_999)
    }
  })
  test.each([
    ['1986-12-09', /^19(6|7|8)\d-(0[1-9]|1[0-2])-\d\d$/], ['12/30', /^(0[1-9]|1[0-2])\/3\d$/], ['1986-12-09T10:00:00Z', /T10:00:00Z$/],
  ])('of %s is a date', (like, shape) => {
    for (let i = 0; i < 50; i++) {
      const made = String(ways(like)[0]?.())
      expect(made).toMatch(shape)
      if (like.length >= 10) expect(Number.isNaN(Date.parse(made))).toBe(false)
    }
  })
  test('can keep the host of an address, the beginning of a number, or be picked from a list', () => {
    expect(ways('ada@example.org').map((way) => way())).toContainEqual(expect.stringMatching(/@example\.org$/))
    expect(ways('4111111111111111').map((way) => way())).toContainEqual(expect.stringMatching(/^411111/))
    expect(ways('EUR').map((way) => way())).toContain('USD')
  })
})

describe('a value is found', () => {
  const value = 'Qwert-82.Zuiop'
  test.each([
    ['as it is', value], ['without separators, in another case', 'QWERT82ZUIOP'], ['in two values of JSON', '{"a":"Qwert-8","b":{"c":["2.Zuiop"]}}'],
    ['in a name of JSON', JSON.stringify({ [value]: 1 })], ['in JSON in JSON in base64', base64(JSON.stringify({ a: JSON.stringify({ b: value }) }))],
    ['five deep', encodeURIComponent(base64(JSON.stringify(Buffer.from(base64(JSON.stringify({ value }))).toString('hex'))))],
    ['in gzip', gzipSync(value)], ['in UTF-16', Buffer.from(value, 'utf16le')], ['between other bytes', Buffer.concat([Buffer.of(0xff, 0, 3), Buffer.from(value), Buffer.of(0xfe)])],
    ['backwards', Array.from(value).reverse().join('')], ['unpadded', base64(`${value}1`).replaceAll('=', '')],
    ['as a digest of its lower case', createHash('sha1').update(value.toLowerCase()).digest('hex').toUpperCase()],
  ])('%s', (_, content) => {
    expect(statusesOf(value, content)).toStrictEqual(['READABLE'])
  })
  test.each([0, 1, 2, 3])('in base64 behind %i other characters', (lead) => {
    expect(statusesOf(value, `${'abc'.slice(0, lead)}${base64(`{"x":"${value}"}`)}`)).toStrictEqual(['READABLE'])
  })
  test('when it is short, as a whole word', () => {
    for (const content of ['cvv=738', '{"cvv":738}', '[738]', 'it is 738.', base64('738'), encodeURIComponent('"738"')]) expect(statusesOf('738', content), content).toStrictEqual(['READABLE'])
    for (const content of ['1738', '7380', 'a738b', '1.738', 'c0ffee738abc']) expect(statusesOf('738', content), content).toStrictEqual([])
  })
  test('as what was made of it', () => {
    const made = { digests: new Map([['abcdefgh12345678', 'hash']]), sealed: [Buffer.from('ciphertext bytes')] }
    expect(new Sought(value).in(`{"ssn":"1.abcdefgh12345678","blob":"${base64('..ciphertext bytes..')}"}`, made)).toStrictEqual([
      { status: 'digest', how: 'keyed digest (hash)' }, { status: 'sealed', how: 'base64' },
    ])
  })
})

test('parts count where two of them make the value whole, each by itself', () => {
  const sought = new Sought('900-11-2233')
  const parts = (...texts: string[]): Set<string> => new Set(texts.flatMap((text) => [...views(text)].flatMap((view) => [...sought.parts(view)])))
  expect(sought.isWhole(parts('first 9001', 'then 1-2233'))).toBe(true)
  expect(sought.isWhole(parts('only 9001', 'and 2233'))).toBe(false)
  expect(sought.isWhole(parts('x90017', 'then 12233'))).toBe(false)
})

test('what is large, or made to be, ends in time', () => {
  const bomb = base64(gzipSync(Buffer.alloc(50_000_000)))
  const began = cpu()
  expect(statusesOf('900-11-2233', bomb + 'x'.repeat(3_000_000) + '%41'.repeat(100_000))).toStrictEqual([])
  expect(cpu() - began).toBeLessThan(8_000)
})

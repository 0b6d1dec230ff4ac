import { describe, expect, test } from 'vitest'
import { luhn, Redactor } from '../../../layers/runtime/redact.ts'

const line = (fields: Record<string, unknown>, learn: unknown[] = [], names = ['ssn', 'card_number']): string => {
  const redactor = new Redactor(names).forInvocation()
  for (const value of learn) redactor.learn(value)
  return redactor.line(fields)
}

describe('names', () => {
  test.each(['card_number', 'cardNumber', 'Card-Number', 'CARDNUMBER'])('%s is one name', (name) => {
    expect(line({ a: [{ [name]: 'x' }] })).toBe(`{"a":[{"${name}":"***"}]}`)
  })
  test('at any depth, whatever stands under them', () => {
    expect(line({ a: { b: { c: [{ ssn: { value: 1 } }] } } })).toBe('{"a":{"b":{"c":[{"ssn":"***"}]}}}')
  })
  test('in JSON inside a string', () => {
    expect(line({ body: '{"x":{"ssn":"123"}}' })).toBe(JSON.stringify({ body: '{"x":{"ssn":"***"}}' }))
  })
  test('in a query string and a header line', () => {
    expect(line({ url: '/a?ssn=123&b=2', text: 'Authorization: Bearer abc.def' })).toBe(JSON.stringify({ url: '/a?ssn=***&b=2', text: 'Authorization: ***' }))
  })
  test('credentials are masked whatever the realm lists', () => {
    expect(line({ headers: { 'X-Api-Key': 'k', cookie: 'c' }, password: 'p' }, [], [])).toBe('{"headers":{"X-Api-Key":"***","cookie":"***"},"password":"***"}')
  })
  test('the logged object itself stays as it is', () => {
    const payload = { ssn: '1', list: [{ ssn: '2' }] }
    line({ payload })
    expect(payload).toStrictEqual({ ssn: '1', list: [{ ssn: '2' }] })
  })
})

describe('values that stood under a sensitive name', () => {
  test('are masked when renamed, interpolated, or a number', () => {
    expect(line({ note: 'applicant Ada Lovelace came', id: 987654, ok: 12 }, ['Ada Lovelace', 987654])).toBe('{"note":"applicant *** came","id":"***","ok":12}')
  })
  test('whole, though a part of them has a shape of its own', () => {
    expect(line({ note: 'for Ada Lovelace 4111111111111111 only', list: ['Ada Lovelace 4111111111111111'] }, ['Ada Lovelace 4111111111111111'])).toBe('{"note":"for *** only","list":["***"]}')
    expect(line({ note: '{"a":"x 4111111111111111"}' }, ['{"a":"x 4111111111111111"}'])).toBe('{"note":"***"}')
  })
  test('of a structure, each', () => {
    expect(line({ a: 'secret-one', b: 'secret-two' }, [{ x: ['secret-one'], y: { z: 'secret-two' } }])).toBe('{"a":"***","b":"***"}')
  })
  test('with quotes and line ends in them', () => {
    expect(line({ a: 'it was "quoted\nvalue"' }, ['"quoted\nvalue"'])).toBe('{"a":"it was ***"}')
  })
  test('under six characters only by name', () => {
    expect(line({ a: 'abc', ssn: 'abc' }, ['abc'])).toBe('{"a":"abc","ssn":"***"}')
  })
})

describe('detectors, as the last net', () => {
  test.each([
    ['a card number', 'paid with 4111 1111 1111 1111 today', 'paid with *** today'],
    ['a card number in one piece', '5555555555554444', '***'],
    ['an SSN', 'ssn-like 078-05-1120', 'ssn-like ***'],
    ['a JWT', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.abc', '***'],
    ['not a timestamp', '1763770000000', '1763770000000'],
  ])('%s', (_, text, masked) => {
    expect(line({ text })).toBe(JSON.stringify({ text: masked }))
  })
  test('a card number as a name', () => {
    expect(line({ '4111111111111111': 1 })).toBe('{"***":1}')
  })
})

test('of an error only its kind and place are kept', () => {
  const text = line({ error: new SyntaxError('Unexpected token in "4111-secret"') })
  expect(text).toContain('"error":"SyntaxError"')
  expect(text).not.toContain('secret')
})

test('Luhn, by published test numbers', () => {
  for (const number of ['4111111111111111', '5555555555554444', '378282246310005', '6011111111111117']) expect(luhn(number)).toBe(true)
  for (const number of ['4111111111111112', '5555555555554445']) expect(luhn(number)).toBe(false)
})

test('a message whose lines look like stack frames is no frame', () => {
  const text = line({ error: new TypeError('bad\n    at 529-98 Ada Lovelace\n    at somewhere') })
  expect(text).toContain('"error":"TypeError"')
  expect(text).not.toContain('Ada')
  expect(text).not.toContain('somewhere')
})

test('an object that refers to itself, however often, is one line soon', () => {
  const circle: Record<string, unknown> = { ssn: '078-05-1120', x: 1 }
  for (const name of ['a', 'b', 'c']) circle[name] = circle
  const text = line({ circle })
  expect(text.length).toBeLessThan(10_000_000)
  expect(text).not.toContain('1120')
  expect(() => JSON.parse(text) as unknown).not.toThrow()
})

test('what cannot be read is said to be so, and its own words stay inside', () => {
  const bad = { get card(): string { throw new Error('4111111111111111') } }
  expect(new Redactor([]).line({ bad }, { event: 'log' })).toBe('{"event":"log","unprintable":true}')
})

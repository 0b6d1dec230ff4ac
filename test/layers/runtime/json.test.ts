import { describe, expect, test } from 'vitest'
import { readJson } from '../../../layers/runtime/json.ts'
import { cpu } from '../../cpu.ts'
import { vector, vectorNames, withVectors } from '../../vectors.ts'

const read = (text: string) => readJson(Buffer.from(text))
const refused = expect.objectContaining({ code: 'PAYLOAD_UNREADABLE' })

/** Of the suite's must-accept cases we refuse these two, on purpose: two readers would see two different objects. */
const refusedOnPurpose = new Set(['y_object_duplicated_key.json', 'y_object_duplicated_key_and_value.json'])

withVectors('json-test-suite/test_parsing', 'JSONTestSuite', () => {
  for (const name of vectorNames('json-test-suite/test_parsing')) {
    const must = name.startsWith('y_') && !refusedOnPurpose.has(name)
    if (name.startsWith('i_')) continue
    test(`${must ? 'reads' : 'refuses'} ${name}`, () => {
      const bytes = vector(`json-test-suite/test_parsing/${name}`)
      if (must) expect(readJson(bytes)).toStrictEqual(JSON.parse(bytes.toString('utf8')))
      else expect(() => readJson(bytes)).toThrow(refused)
    })
  }
  test('an implementation-defined case ends in a value or in PAYLOAD_UNREADABLE, never in anything else', () => {
    for (const name of vectorNames('json-test-suite/test_parsing').filter((name) => name.startsWith('i_'))) {
      try {
        readJson(vector(`json-test-suite/test_parsing/${name}`))
      } catch (error) {
        expect(error, name).toEqual(refused)
      }
    }
  })
})

describe('what two readers could read differently is refused', () => {
  test.each([
    ['a name twice', '{"a":1,"a":1}'],
    ['a name twice, once escaped', '{"a":1,"\\u0061":2}'],
    ['__proto__', '{"__proto__":{"admin":true}}'],
    ['__proto__, escaped', '{"\\u005f_proto__":1}'],
    ['an integer that no double holds', '{"n":9007199254740993}'],
    ['a fraction that no double holds', '{"n":0.12345678901234567890}'],
    ['a number beyond all doubles', '1e400'],
    ['a number below all doubles', '1e-400'],
    ['half of a surrogate pair', '"\\ud800"'],
    ['a byte order mark', '\uFEFF{}'],
    ['nothing', ''],
    ['two documents', '{} {}'],
    ['nesting of 65', '['.repeat(65) + ']'.repeat(65)],
  ])('%s', (_, text) => {
    expect(() => read(text)).toThrow(refused)
  })

  test('a byte that is not UTF-8', () => {
    expect(() => readJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(refused)
  })
})

describe('what survives as written is read', () => {
  test.each([
    ['12.50', 12.5], ['-0', -0], ['9007199254740991', 9007199254740991], ['1.25e1', 12.5], ['0.1', 0.1], ['1E+2', 100],
    ['123456789012345678', undefined], ['100000000000000000000', 1e20], ['5e-324', 5e-324], ['0.000', 0],
  ])('%s', (text, value) => {
    if (value === undefined) expect(() => read(text)).toThrow(refused)
    else expect(Object.is(read(text), value)).toBe(true)
  })

  test('nesting of 64, a pair of surrogates, a name that only looks dangerous', () => {
    expect(read('['.repeat(64) + ']'.repeat(64))).toBeInstanceOf(Array)
    expect(read('"\\ud83d\\ude00"')).toBe('😀')
    expect(Object.hasOwn(read('{"constructor":1}') as object, 'constructor')).toBe(true)
  })
})

test('every name is met with its value', () => {
  const met: unknown[] = []
  readJson(Buffer.from('{"a":{"b":"x"},"c":[{"d":1}]}'), (name, value) => met.push([name, value]))
  expect(met).toStrictEqual([['b', 'x'], ['a', { b: 'x' }], ['d', 1], ['c', [{ d: 1 }]]])
})

test('the fault quotes nothing of the input', () => {
  try {
    read('{"card":"4111111111111111"')
    expect.unreachable()
  } catch (error) {
    const { message, stack = '', cause } = error as Error
    expect(message + stack + String(cause)).not.toContain('4111')
  }
})

test('a long number with zeros within costs no more than its length', () => {
  const begun = cpu()
  expect(() => readJson(Buffer.from(`0.1${'0'.repeat(1_000_000)}1`))).toThrow('PAYLOAD_UNREADABLE')
  expect(readJson(Buffer.from(`0.1${'0'.repeat(1_000_000)}`))).toBe(0.1)
  expect(cpu() - begun).toBeLessThan(2_000)
})

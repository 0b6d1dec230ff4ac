import { expect, test } from 'vitest'
import { canonical } from '../../../layers/runtime/canonical.ts'
import { vector, vectorNames, withVectors } from '../../vectors.ts'

withVectors('jcs-rfc8785/input', 'RFC 8785', () => {
  for (const name of vectorNames('jcs-rfc8785/input')) {
    test(name, () => {
      expect(canonical(JSON.parse(vector(`jcs-rfc8785/input/${name}`).toString()))).toBe(vector(`jcs-rfc8785/output/${name}`).toString().trimEnd())
    })
  }
})

test('the order of members and absent ones make no difference', () => {
  expect(canonical({ b: [1, null], a: undefined, c: 'é' })).toBe('{"b":[1,null],"c":"é"}')
  expect(() => canonical({ a: Number.NaN })).toThrow(TypeError)
})

test('a date is the text that JSON shows of it, so that two of them differ', () => {
  expect(canonical({ at: new Date(0), not: { toJSON: 'a member' } })).toBe('{"at":"1970-01-01T00:00:00.000Z","not":{"toJSON":"a member"}}')
})

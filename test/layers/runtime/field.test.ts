import { expect, test } from 'vitest'
import { changeAt, pickAt, textAt, textsAt } from '../../../layers/runtime/field.ts'

const payload = { id: 'a', list: [{ pan: '1', tags: ['x', 'y'] }, { pan: null }], nested: { text: 'deep' } }

test('the text at a path; anything else is PAYLOAD_INVALID with the path', () => {
  expect(textAt(payload, 'nested.text')).toBe('deep')
  for (const path of ['nested', 'nested.missing', 'id.length', 'toString']) {
    expect(() => textAt(payload, path)).toThrow(expect.objectContaining({ code: 'PAYLOAD_INVALID', paths: [path] }))
  }
})

test('changes every text at a path, in lists too, and shares the rest', () => {
  const changed = changeAt(payload, 'list[*].pan', (text) => `#${text}`) as typeof payload
  expect(changed.list).toStrictEqual([{ pan: '#1', tags: ['x', 'y'] }, { pan: null }])
  expect(changed.nested).toBe(payload.nested)
  expect(payload.list[0]?.pan).toBe('1')
  expect(changeAt({ a: ['x'] }, 'a[*]', () => 'y')).toStrictEqual({ a: ['y'] })
  expect(changeAt([{ a: 'x' }], '[*].a', () => 'y')).toStrictEqual([{ a: 'y' }])
})

test('absent stays absent; a number is PAYLOAD_INVALID', () => {
  expect(changeAt({}, 'a.b', () => 'x')).toStrictEqual({})
  expect(() => changeAt({ a: 1 }, 'a', () => 'x')).toThrow(expect.objectContaining({ code: 'PAYLOAD_INVALID', paths: ['a'] }))
})

test('picks only what stands at the paths, in its place', () => {
  expect(pickAt(payload, ['id', 'nested.text'])).toStrictEqual({ id: 'a', nested: { text: 'deep' } })
  expect(pickAt(payload, ['list[*].pan'])).toStrictEqual({ list: [{ pan: '1' }, { pan: null }] })
  expect(pickAt(payload, ['list[*].pan', 'list[*].tags[*]'])).toStrictEqual({ list: [{ pan: '1', tags: ['x', 'y'] }, { pan: null }] })
  expect(pickAt([{ a: 'x', b: 'y' }], ['[*].a'])).toStrictEqual([{ a: 'x' }])
  expect(pickAt(payload, ['missing', 'nested.missing'])).toStrictEqual({ nested: {} })
  expect(pickAt({ a: null, b: 'text' }, ['a.deep', 'b.deep'])).toStrictEqual({ a: null, b: undefined })
  expect(pickAt(payload, ['toString', '__proto__'])).toStrictEqual({})
})

test('every text at a path, in order', () => {
  expect(textsAt(payload, 'list[*].pan')).toStrictEqual(['1'])
  expect(textsAt(payload, 'list[*].missing')).toStrictEqual([])
  expect(textsAt(payload, 'nested.text')).toStrictEqual(['deep'])
  expect(() => textsAt({ a: 1 }, 'a')).toThrow(expect.objectContaining({ code: 'PAYLOAD_INVALID' }))
})

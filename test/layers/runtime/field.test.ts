import { expect, test } from 'vitest'
import { changeAt, textAt } from '../../../layers/runtime/field.ts'

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

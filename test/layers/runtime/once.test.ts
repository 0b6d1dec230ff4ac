import { expect, test } from 'vitest'
import { Once } from '../../../layers/runtime/once.ts'

test('twenty callers on a cold cache ask once', async () => {
  const once = new Once<number>()
  let asked = 0
  const answers = await Promise.all(Array.from({ length: 20 }, () => once.get('key', async () => { asked++; return Promise.resolve(7) })))
  expect([asked, new Set(answers).size]).toStrictEqual([1, 1])
})

test('a failure is forgotten, and each who waited learns of it', async () => {
  const once = new Once<number>()
  const failing = () => once.get('key', () => Promise.reject(new TypeError('down')))
  await expect(Promise.all([failing(), failing()])).rejects.toThrow('down')
  expect(await once.get('key', () => Promise.resolve(1))).toBe(1)
})

test('forgetting an old answer leaves a newer one', async () => {
  const once = new Once<number>()
  const old = once.get('key', () => Promise.resolve(1))
  once.forget('key', old)
  const newer = once.get('key', () => Promise.resolve(2))
  once.forget('key', old)
  expect(await once.get('key', () => Promise.resolve(3))).toBe(await newer)
})

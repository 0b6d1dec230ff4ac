import { expect, test, vi } from 'vitest'

const rotated: string[] = []
vi.mock('sallyport', () => ({ own: () => undefined, emit: () => undefined }))
vi.mock('../../../functions/handlers/make-key.ts', () => ({
  typesOf: () => ['sig'],
  isDue: () => Promise.resolve(true),
  rotate: ({ name }: { readonly name: string }) => name === 'gone' ? Promise.reject(new TypeError('a word of KMS')) : Promise.resolve({ kid: rotated[rotated.push(name) - 1], from: 0, made: true }),
}))

test('a key that cannot be rotated keeps no other from being rotated, and the failure is told at the end', async () => {
  vi.stubEnv('KEYS', JSON.stringify([{ name: 'gone', settle: 0 }, { name: 'here', settle: 0 }]))
  const { handler } = await import('../../../functions/handlers/keys.ts')
  await expect(handler({ rotate: 'due' }, { getRemainingTimeInMillis: () => 1_000 } as never)).rejects.toThrow('not all keys could be rotated')
  expect(rotated).toStrictEqual(['here'])
})

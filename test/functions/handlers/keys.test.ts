import { afterEach, beforeAll, expect, test, vi } from 'vitest'

const rotated: string[] = []
vi.mock('sallyport', () => ({ own: () => undefined, emit: () => undefined }))
vi.mock('../../../functions/handlers/make-key.ts', () => ({
  typesOf: () => ['sig'],
  isDue: () => Promise.resolve(true),
  isFull: ({ name }: { readonly name: string }) => Promise.resolve(name === 'full' ? { counting: 50, again: 1_000 } : undefined),
  rotate: ({ name }: { readonly name: string }) => name === 'gone' ? Promise.reject(new TypeError('a word of KMS')) : Promise.resolve({ kid: rotated[rotated.push(name) - 1], from: 0, made: true }),
}))

let ask: (event: { readonly rotate: 'due' | { readonly key: string } }) => Promise<unknown>
beforeAll(async () => {
  vi.stubEnv('KEYS', JSON.stringify([{ name: 'gone', settle: 0 }, { name: 'full', settle: 0 }, { name: 'here', settle: 0 }]))
  const { handler } = await import('../../../functions/handlers/keys.ts')
  ask = (event) => handler(event, { getRemainingTimeInMillis: () => 1_000 } as never)
})
afterEach(() => { rotated.length = 0 })

test('a key that cannot be rotated keeps no other from being rotated, and the failure is told at the end', async () => {
  await expect(ask({ rotate: 'due' })).rejects.toThrow('not all keys could be rotated')
  // What is due was counted at synth.
  expect(rotated).toStrictEqual(['full', 'here'])
})
test('asked for one by its name, a key of which a claim could not ask for one version more is refused', async () => {
  expect(await ask({ rotate: { key: 'full' } })).toStrictEqual([{ full: { counting: 50, again: 1_000 } }])
  expect(rotated).toStrictEqual([])
  expect(await ask({ rotate: { key: 'here' } })).toStrictEqual([{ kid: 'here', from: 0, made: true }])
})

import { expect, test } from 'vitest'
import { Sha256 } from '../../../../layers/runtime/aws/sha256.ts'

const hex = async (secret: ConstructorParameters<typeof Sha256>[0], ...parts: Parameters<Sha256['update']>[0][]): Promise<string> => {
  const digest = new Sha256(secret)
  for (const part of parts) digest.update(part)
  return Buffer.from(await digest.digest()).toString('hex')
}

/** A view that does not begin where its memory does. */
const within = (text: string): DataView => {
  const { buffer } = Uint8Array.from([0, 0, 0, ...Buffer.from(text), 0])
  return new DataView(buffer, 3, text.length)
}

// FIPS 180-4, the examples of NIST for SHA-256.
test.each([
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
])('SHA-256 of %j', async (text, digest) => {
  expect(await hex(undefined, text)).toBe(digest)
  expect(await hex(undefined, within(text))).toBe(digest)
})

test('in parts', async () => {
  expect(await hex(undefined, 'a', Buffer.from('b'), within('c'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

// RFC 4231 4.3, test case 2.
test.each([['text', 'Jefe'], ['bytes', Buffer.from('Jefe')], ['a view', within('Jefe')], ['memory', Uint8Array.from(Buffer.from('Jefe')).buffer]])('HMAC with a secret that is %s', async (_, secret) => {
  expect(await hex(secret, 'what do ya want for nothing?')).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
})

test('no digest is begun anew', () => {
  expect(() => new Sha256().reset()).toThrow('Sha256: a digest is made once')
})

import { expect, test } from 'vitest'
import { scrypt } from '../../../functions/hashes/scrypt.ts'
import { withVectors } from '../../vectors.ts'
import { blocks, changed, inTime as io, unpadded } from './published.ts'

const hasher = scrypt()
const password = Buffer.from('password')

withVectors('nist-and-rfc-hash', 'RFC 7914 section 12', () => {
  test('verifies what fits, and refuses a gibibyte of memory', async () => {
    let verified = 0
    let refused = 0
    for (const block of blocks('nist-and-rfc-hash/KDF/scrypt.txt')) {
      const { PASSWORD = '', SALT = '', N, r, p, DERIVED_KEY = '' } = block
      const stored = `$scrypt$ln=${Math.log2(Number(N))},r=${r},p=${p}$${unpadded(Buffer.from(SALT))}$${unpadded(Buffer.from(DERIVED_KEY, 'hex'))}`
      const verdict = await hasher.verify(Buffer.from(PASSWORD), stored, io)
      if (N === '1048576') {
        expect(verdict).toBe(undefined)
        refused++
      } else {
        expect(verdict, stored).toStrictEqual({ matches: true, rehash: true })
        verified++
      }
    }
    console.log(`scrypt: ${verified} verified, ${refused} beyond the ceiling of 128 MiB and refused`)
    expect([verified, refused]).toStrictEqual([3, 1])
  })
})

test('what it makes, it verifies, and no other password; another cost is due', async () => {
  const stored = await hasher.run(password, io)
  expect(stored).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
  expect(await hasher.verify(password, stored, io)).toStrictEqual({ matches: true, rehash: false })
  expect(await hasher.verify(Buffer.from('Password'), stored, io)).toStrictEqual({ matches: false, rehash: false })
  expect(await scrypt({ cost: 16, lanes: 2 }).verify(password, stored, io)).toStrictEqual({ matches: true, rehash: true })
})

// Of RFC 7914 section 12, the second.
const small = (cost: string): string => `$scrypt$${cost}$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA`

test('a stored hash beyond the ceilings, or of another shape, is refused at once', async () => {
  const begun = performance.now()
  for (const cost of ['ln=31,r=8,p=1', 'ln=17,r=9,p=1', 'ln=17,r=8,p=3', 'ln=1,r=1,p=33', 'ln=0,r=8,p=1', 'ln=99,r=99,p=99', 'ln=10,r=8,p=016', 'N=1024,r=8,p=16', '']) expect(await hasher.verify(password, small(cost), io), cost).toBe(undefined)
  for (const text of ['', '$scrypt$', 'x'.repeat(100_000), `${small('ln=10,r=8,p=16')}\n`, '$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+']) expect(await hasher.verify(password, text, io)).toBe(undefined)
  expect(performance.now() - begun).toBeLessThan(200)
})
test('with any one character changed, a stored hash does not verify and nothing fails', async () => {
  expect(await hasher.verify(password, small('ln=10,r=8,p=16'), io)).toStrictEqual({ matches: true, rehash: true })
  for (const text of changed(small('ln=2,r=8,p=1'))) expect((await hasher.verify(password, text, io))?.matches ?? false, text).toBe(false)
})

test.each([
  [{ cost: 15, lanes: 2 }, 'scrypt, lanes: with cost 15 write 3 or more'],
  [{ cost: 12 }, 'scrypt, cost: write a whole number from 13 to 17'],
  [{ cost: 20 }, 'scrypt, cost: write a whole number from 13 to 17'],
  [{ blockSize: 4 }, 'scrypt, blockSize: write a whole number from 8 to 32'],
  [{ cost: 17, blockSize: 16 }, 'scrypt, blockSize: 128 × 2^cost × blockSize is at most 128 MiB, and times lanes at most 256 MiB'],
])('%j is a mistake', (options, sentence) => {
  expect(() => scrypt(options)).toThrow(new TypeError(sentence))
})
test('every row of OWASP\'s table may be asked for, and the most memory is there', async () => {
  for (const [cost, lanes] of [[17, 1], [16, 2], [15, 3], [14, 5], [13, 10]] as const) expect(scrypt({ cost, lanes }).config).toStrictEqual({ hash: 'scrypt', keyed: false, salted: true, cost, blockSize: 8, lanes })
  expect(await scrypt({ cost: 17, lanes: 1 }).run(password, io)).toContain('$ln=17,r=8,p=1$')
})

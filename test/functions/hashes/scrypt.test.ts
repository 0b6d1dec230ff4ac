import { expect, test } from 'vitest'
import { scrypt } from '../../../functions/hashes/scrypt.ts'
import { cpu } from '../../cpu.ts'
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
  const begun = cpu()
  for (const cost of ['ln=31,r=8,p=1', 'ln=17,r=9,p=1', 'ln=17,r=8,p=3', 'ln=1,r=1,p=33', 'ln=0,r=8,p=1', 'ln=99,r=99,p=99', 'ln=10,r=8,p=016', 'N=1024,r=8,p=16', '']) expect(await hasher.verify(password, small(cost), io), cost).toBe(undefined)
  for (const text of ['', '$scrypt$', 'x'.repeat(100_000), `${small('ln=10,r=8,p=16')}\n`, `x${small('ln=10,r=8,p=16')}`, small('ln=10,r=8,p=16').replace('bA$', 'bB$'), small('ln=10,r=8,p=16').replace('GQA', 'GQB'), '$scrypt$ln=1,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$j+rlQuEsW6kx0geuBhN8', '$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+']) expect(await hasher.verify(password, text, io)).toBe(undefined)
  expect(cpu() - begun).toBeLessThan(200)
})
test('with any one character changed, a stored hash does not verify and nothing fails', async () => {
  expect(await hasher.verify(password, small('ln=10,r=8,p=16'), io)).toStrictEqual({ matches: true, rehash: true })
  for (const text of changed(small('ln=2,r=8,p=1'))) expect((await hasher.verify(password, text, io))?.matches ?? false, text).toBe(false)
})

// Made by hash-wasm: password "password", salt "0123456789abcdef".
const salt = 'MDEyMzQ1Njc4OWFiY2RlZg'
test('what differs in one thing from what would be made is due; a tag of 16 bytes is one', async () => {
  const least = scrypt({ cost: 13, lanes: 10 })
  expect(await least.verify(password, `$scrypt$ln=13,r=8,p=10$${salt}$SeBfocitx5bz2mDUlUq277WZX22XegLvusTs4rWEnck`, io)).toStrictEqual({ matches: true, rehash: false })
  for (const other of [
    `ln=14,r=8,p=10$${salt}$T/yq7iRNqN9nG1dxyMNmoK0VHHyzA2WI0wzaSowDNAA`, `ln=13,r=9,p=10$${salt}$mfPXFU1fhlOHdlK2SOuY+umOPWTHu/WSB2ewWikUCrA`, `ln=13,r=8,p=11$${salt}$JEcdsDTm0Dppdo80zAOS3C5EBN4kF4WoeP7zY9k1Vqw`,
    'ln=13,r=8,p=10$MDEyMzQ1Njc4OWFiY2Rl$0fVIsQiWbtujpwandKJKewqAaZoEkWDgJXdG0Pnoj+Y', `ln=13,r=8,p=10$${salt}$SeBfocitx5bz2mDUlUq277WZX22XegLvusTs4rWEnQ`, `ln=1,r=8,p=1$${salt}$j+rlQuEsW6kx0geuBhN88A`, `ln=1,r=10,p=1$${salt}$Bo/CK0KtXRGbZgD+CRiZhETqoOUjTL6gFVJ/AtcJq04`,
  ]) expect(await least.verify(password, `$scrypt$${other}`, io), other).toStrictEqual({ matches: true, rehash: true })
})

test.each([
  [{ cost: 15, lanes: 2 }, 'scrypt, lanes: with cost 15 write 3 or more'],
  [{ cost: 12 }, 'scrypt, cost: write a whole number from 13 to 17'],
  [{ cost: 20 }, 'scrypt, cost: write a whole number from 13 to 17'],
  [{ lanes: 33 }, 'scrypt, lanes: write a whole number from 1 to 32'],
  [{ blockSize: 4 }, 'scrypt, blockSize: write a whole number from 8 to 32'],
  [{ cost: 17, blockSize: 16 }, 'scrypt, blockSize: 128 × 2^cost × blockSize is at most 128 MiB, and times lanes at most 256 MiB'],
])('%j is a mistake', (options, sentence) => {
  expect(() => scrypt(options)).toThrow(new TypeError(sentence))
})
test('the most of everything may be asked for', () => {
  expect(scrypt({ cost: 13, lanes: 32 }).config).toMatchObject({ cost: 13, lanes: 32 })
})
test('every row of OWASP\'s table may be asked for, and the most memory is there', async () => {
  for (const [cost, lanes] of [[17, 1], [16, 2], [15, 3], [14, 5], [13, 10]] as const) expect(scrypt({ cost, lanes }).config).toStrictEqual({ hash: 'scrypt', keyed: false, salted: true, cost, blockSize: 8, lanes })
  expect(await scrypt({ cost: 17, lanes: 1 }).run(password, io)).toContain('$ln=17,r=8,p=1$')
})

import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { account, type Io } from 'sallyport'
import { afterAll, expect, test } from 'vitest'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { aesGcm } from '../../../functions/ciphers/aes-gcm.ts'
import { decryptFile, encryptFile } from '../../../functions/steps/index.ts'
import { fakeIo, secrets } from '../../fake-io.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-test-'))
afterAll(() => rmSync(folder, { recursive: true }))
const key = account('files-key', secretKey())
const io: Io = fakeIo({ ...secrets({ 'files-key': JSON.stringify({ secretKey: Buffer.alloc(32, 7).toString('base64url') }) }), pipeline: 'files', folder: () => Promise.resolve(folder) })
const cipher = aesGcm({ key })
const at = (name: string): string => join(folder, name)
const seal = () => encryptFile<null>(cipher, { file: 'plain', to: 'sealed' }).run(null, io)
const open = (to = 'opened') => Promise.resolve(decryptFile<null>(cipher, { file: 'sealed', to }).run(null, io))
const failed = { code: 'DECRYPTION_FAILED' }
const chunk = 65_536

test.each([0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 3 * chunk + 17])('%d bytes come back', async (size) => {
  const plain = randomBytes(size)
  writeFileSync(at('plain'), plain)
  await seal()
  const sealed = readFileSync(at('sealed'))
  const chunks = Math.max(1, Math.ceil(size / chunk))
  // Head of 6 bytes, the key of the file sealed with 61 bytes more, and 16 a chunk.
  expect(sealed.length).toBe(6 + 32 + 61 + size + 16 * chunks)
  await open()
  expect(readFileSync(at('opened')).equals(plain)).toBe(true)
})

test('cut off at a chunk, lengthened, reordered, repeated or changed in any part it does not open, and nothing is left', async () => {
  writeFileSync(at('plain'), randomBytes(3 * chunk))
  await seal()
  const sealed = readFileSync(at('sealed'))
  const head = 6 + 93
  const part = (i: number): Buffer => sealed.subarray(head + i * (chunk + 16), head + (i + 1) * (chunk + 16))
  const start = sealed.subarray(0, head)
  const changed = (offset: number): Buffer => {
    const bytes = Buffer.from(sealed)
    bytes[offset] = (bytes[offset] ?? 0) ^ 0x10
    return bytes
  }
  const before = readdirSync(folder).length
  for (const wrong of [
    Buffer.concat([start, part(0), part(1)]), Buffer.concat([start, part(0)]), start, Buffer.alloc(0), sealed.subarray(0, -1), sealed.subarray(0, 50),
    Buffer.concat([sealed, part(2)]), Buffer.concat([sealed, Buffer.alloc(16)]), Buffer.concat([sealed, Buffer.of(0)]),
    Buffer.concat([start, part(1), part(0), part(2)]), Buffer.concat([start, part(0), part(0), part(1), part(2)]), Buffer.concat([start, part(1), part(2)]),
    ...[0, 3, 4, 5, 6, 7, 40, 60, head - 1, head, head + chunk, head + chunk + 15, head + 2 * (chunk + 16), sealed.length - 1].map(changed),
  ]) {
    writeFileSync(at('sealed'), wrong)
    await expect(open('never')).rejects.toMatchObject(failed)
  }
  expect(readdirSync(folder)).toHaveLength(before)
})

test('a file of another pipeline, and a text sealed with the same key, do not open', async () => {
  writeFileSync(at('plain'), 'x')
  await seal()
  await expect(Promise.resolve(decryptFile<null>(cipher, { file: 'sealed', to: 'never' }).run(null, { ...io, pipeline: 'others', folder: io.folder, material: io.material }))).rejects.toMatchObject(failed)
})

test('a gigabyte would do: memory does not grow with the file', async () => {
  const size = 96 * 1024 * 1024
  writeFileSync(at('plain'), Buffer.alloc(size, 'abcdefgh'))
  const expected = createHash('sha256').update(readFileSync(at('plain'))).digest('hex')
  globalThis.gc?.()
  const before = process.memoryUsage().arrayBuffers
  let peak = 0
  const watch = setInterval(() => { peak = Math.max(peak, process.memoryUsage().arrayBuffers - before) }, 5)
  await seal()
  await open()
  clearInterval(watch)
  expect(peak).toBeLessThan(size / 2)
  expect(createHash('sha256').update(readFileSync(at('opened'))).digest('hex')).toBe(expected)
  for (const name of ['plain', 'sealed', 'opened']) rmSync(at(name))
})

test('a name that climbs is refused where it is written, and a cipher without files as well', () => {
  for (const file of ['../x', '/etc/passwd', '.x', 'a/b', '']) expect(() => encryptFile(cipher, { file, to: 'x' })).toThrow(TypeError)
  const { openFile: _, ...small } = cipher
  expect(() => decryptFile(small, { file: 'a', to: 'b' })).toThrow('aes-gcm opens no files')
})
test('no such file is a mistake of the pipeline, and says nothing', async () => {
  await expect(Promise.resolve(encryptFile<null>(cipher, { file: 'missing', to: 'x' }).run(null, io))).rejects.toThrow()
})

import { execFileSync } from 'node:child_process'
import { createCipheriv, createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { account, type Io } from 'sallyport'
import { afterAll, describe, expect, test } from 'vitest'
import { secretKey } from '../../../functions/accounts/secret-key.ts'
import { aesGcm } from '../../../functions/ciphers/aes-gcm.ts'
import { openFile, sealFile } from '../../../functions/ciphers/files/chunked.ts'
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

// In a process of its own, whose memory is its own as well.
test('a gigabyte would do: memory does not grow with the file', { timeout: 180_000 }, () => {
  const size = 128 * 1024 * 1024
  writeFileSync(at('plain'), Buffer.alloc(size, 'abcdefgh'))
  const program = `import { openFile, sealFile } from '${new URL('../../../functions/ciphers/files/chunked.ts', import.meta.url).pathname}'
    const same = (bytes) => Promise.resolve(Uint8Array.from(bytes))
    const before = process.memoryUsage.rss()
    let most = before
    const watch = setInterval(() => { most = Math.max(most, process.memoryUsage.rss()) }, 10)
    await sealFile({ from: 'plain', to: 'sealed' }, same)
    await openFile({ from: 'sealed', to: 'opened' }, same)
    clearInterval(watch)
    console.log(most - before)`
  const peak = Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: folder, encoding: 'utf8' }))
  expect(peak).toBeGreaterThan(0)
  // About 40 MB wait to be collected, however large the file is.
  expect(peak).toBeLessThan(size / 2)
  const digest = (name: string): string => createHash('sha256').update(readFileSync(at(name))).digest('hex')
  expect(digest('opened')).toBe(digest('plain'))
  for (const name of ['plain', 'sealed', 'opened']) rmSync(at(name))
})

test('a name that climbs is refused where it is written, and a cipher without files as well', () => {
  for (const file of ['../x', '/etc/passwd', '.x', 'a/b', '']) expect(() => encryptFile(cipher, { file, to: 'x' })).toThrow(TypeError)
  const { openFile: _, ...small } = cipher
  expect(() => decryptFile(small, { file: 'a', to: 'b' })).toThrow('aes-gcm opens no files')
})
test('no such file is a mistake of the pipeline, and says nothing', async () => {
  await expect(Promise.resolve(encryptFile<null>(cipher, { file: 'missing', to: 'x' }).run(null, io))).rejects.toMatchObject({ code: 'ENOENT' })
})

describe('the format', () => {
  const secret = Buffer.alloc(32, 9)
  /** A file by the definition in the docstring, of one chunk that is the last. */
  function made({ magic = 'SPF\u0001', sealedKey = Buffer.from('the sealed key'), plain = Buffer.from('078-05-1120') }): Buffer {
    const head = Buffer.concat([Buffer.from(magic, 'latin1'), Buffer.of(sealedKey.length >> 8, sealedKey.length & 0xff), sealedKey])
    const chunk = createCipheriv('aes-256-gcm', secret, Buffer.from('000000000000000000000001', 'hex')).setAAD(head)
    return Buffer.concat([head, chunk.update(plain), chunk.final(), chunk.getAuthTag()])
  }
  let asked: Uint8Array[] = []
  const opened = async (bytes: Buffer): Promise<string> => {
    asked = []
    writeFileSync(at('sealed'), bytes)
    await openFile({ from: at('sealed'), to: at('opened') }, (sealed) => { asked.push(sealed); return Promise.resolve(Buffer.from(secret)) })
    return readFileSync(at('opened')).toString()
  }

  test('opens what is written by its definition, with a sealed key of up to 4,096 bytes', async () => {
    expect(await opened(made({}))).toBe('078-05-1120')
    expect(asked).toStrictEqual([Buffer.from('the sealed key')])
    expect(await opened(made({ sealedKey: Buffer.alloc(4_096, 1) }))).toBe('078-05-1120')
    writeFileSync(at('plain'), 'x')
    await seal()
    expect(readFileSync(at('sealed')).subarray(0, 6).toString('latin1')).toBe('SPF\u0001\u0000\u005d')
  })
  test.each([
    ['another magic', made({ magic: 'SPG\u0001' })], ['another version', made({ magic: 'SPF\u0002' })], ['a sealed key of 4,097 bytes', made({ sealedKey: Buffer.alloc(4_097, 1) })],
    ['five bytes', made({}).subarray(0, 5)], ['three bytes', made({}).subarray(0, 3)], ['nothing', Buffer.alloc(0)],
  ])('authentic or not, %s is refused before anybody is asked for the key', async (_, bytes) => {
    await expect(opened(bytes)).rejects.toThrow('not a sealed file')
    expect(asked).toStrictEqual([])
  })
  test('a chunk that is shorter than its tag', async () => {
    await expect(opened(made({}).subarray(0, 6 + 14 + 15))).rejects.toThrow('not a sealed file')
  })
  test('the key of a file is overwritten as soon as it is in use', async () => {
    const keys: Uint8Array[] = []
    writeFileSync(at('plain'), 'x')
    await sealFile({ from: at('plain'), to: at('sealed') }, (key) => { keys.push(key); return Promise.resolve(Buffer.from(key)) })
    const sealed = readFileSync(at('sealed'))
    await openFile({ from: at('sealed'), to: at('opened') }, (key) => { keys.push(Buffer.from(key)); return Promise.resolve(keys[1] as Uint8Array) })
    expect(readFileSync(at('opened')).toString()).toBe('x')
    expect(keys.map((key) => key.every((byte) => byte === 0))).toStrictEqual([true, true])
    expect(sealed.subarray(6, 38).every((byte) => byte === 0)).toBe(false)
  })
  test.skipIf(!existsSync('/proc/self/fd'))('no file stays open, however it ends', async () => {
    const held = (): string[] => readdirSync('/proc/self/fd').flatMap((descriptor) => {
      try {
        return [readlinkSync(`/proc/self/fd/${descriptor}`)].filter((path) => path.startsWith(folder))
      } catch {
        // That of this reading.
        return []
      }
    })
    expect(await opened(made({}))).toBe('078-05-1120')
    expect(held()).toStrictEqual([])
    await expect(opened(made({}).subarray(0, -1))).rejects.toThrow('unable to authenticate data')
    expect(held()).toStrictEqual([])
  })
  test('where it cannot be written, that is what is said, and nothing of what could not be cleared away', async () => {
    writeFileSync(at('plain'), 'x')
    await expect(sealFile({ from: at('plain'), to: at('no-such-folder/sealed') }, (key) => Promise.resolve(Buffer.from(key)))).rejects.toMatchObject({ code: 'ENOENT', syscall: 'open' })
  })
})

test('where the disk is full within the last chunk, it fails, and nothing is left', async () => {
  writeFileSync(at('plain'), randomBytes(100_000))
  await seal()
  // 80 blocks of 1,024 bytes: the system takes a part of the second chunk, and says so by a number alone.
  const program = `import { openFile, sealFile } from '${new URL('../../../functions/ciphers/files/chunked.ts', import.meta.url).pathname}'
    const same = (bytes) => Promise.resolve(Uint8Array.from(bytes))
    const told = (work) => work.then(() => 'whole', ({ code }) => code)
    console.log(await told(sealFile({ from: 'plain', to: 'partly' }, same)), await told(openFile({ from: 'whole', to: 'partly' }, same)))`
  await sealFile({ from: at('plain'), to: at('whole') }, (key) => Promise.resolve(Uint8Array.from(key)))
  expect(execFileSync('bash', ['-c', 'ulimit -f 80; exec "$0" --input-type=module -e "$1"', process.execPath, program], { cwd: folder, encoding: 'utf8' })).toBe('EFBIG EFBIG\n')
  expect(readdirSync(folder).filter((name) => name.includes('part'))).toStrictEqual([])
})

import { createCipheriv, createDecipheriv, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { Files } from 'sallyport'
import { written } from './written.ts'

/**
 * A sealed file: `'SPF' (3) ‖ version (1) ‖ length of the sealed key (2, big-endian) ‖ sealed key`, then chunks of 64 KiB, each
 * `ciphertext ‖ tag (16)`. A random key a file, itself sealed by the cipher, so that the file is bound to what the cipher binds.
 * The nonce of a chunk is its index (11 bytes, big-endian) and 1 in the last, else 0: none can be cut off, added, repeated or
 * moved (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár 2015). Associated data: the head.
 */
const magic = Buffer.from('SPF\u0001', 'latin1')
const chunk = 64 * 1024
const tag = 16
/** A sealed key is short: nobody makes us read a long one. */
const longestKey = 4_096

function nonce(index: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.writeUIntBE(index, 5, 6)
  bytes.writeUInt8(last ? 1 : 0, 11)
  return bytes
}

/** Up to `length` bytes; fewer at the end of the file alone. */
async function readUpTo(file: FileHandle, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

/** Chunks of a file, each with whether it is the last: one is read ahead to know. */
async function* chunks(source: FileHandle, size: number): AsyncGenerator<{ readonly bytes: Buffer; readonly index: number; readonly last: boolean }> {
  let bytes = await readUpTo(source, size)
  for (let index = 0; ; index++) {
    const next = bytes.length < size ? Buffer.alloc(0) : await readUpTo(source, size)
    const last = next.length === 0
    yield { bytes, index, last }
    if (last) return
    bytes = next
  }
}

const fileKey = (bytes: Uint8Array): KeyObject => createSecretKey(bytes)

/** In constant memory. `sealKey` seals the key of the file. */
export async function sealFile(files: Files, sealKey: (key: Uint8Array) => Promise<Uint8Array>): Promise<void> {
  const plain = randomBytes(32)
  const sealed = await sealKey(plain)
  const key = fileKey(plain)
  plain.fill(0)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(sealed.length)
  const head = Buffer.concat([magic, length, sealed])
  await written(files, async (source, target) => {
    await target.writeFile(head)
    for await (const { bytes, index, last } of chunks(source, chunk)) {
      const cipher = createCipheriv('aes-256-gcm', key, nonce(index, last), { authTagLength: tag }).setAAD(head)
      await target.writeFile(Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]))
    }
  })
}

/** In constant memory; the file is at its place when every chunk was authentic. Throws whatever it throws: the cipher makes one fault of it. */
export async function openFile(files: Files, openKey: (sealed: Uint8Array) => Promise<Uint8Array>): Promise<void> {
  await written(files, async (source, target) => {
    const start = await readUpTo(source, magic.length + 2)
    if (start.length < magic.length + 2 || !start.subarray(0, magic.length).equals(magic)) throw new Error('not a sealed file')
    const length = start.readUInt16BE(magic.length)
    if (length > longestKey) throw new Error('not a sealed file')
    const sealed = await readUpTo(source, length)
    const head = Buffer.concat([start, sealed])
    const plain = await openKey(sealed)
    const key = fileKey(plain)
    plain.fill(0)
    for await (const { bytes, index, last } of chunks(source, chunk + tag)) {
      if (bytes.length < tag) throw new Error('not a sealed file')
      const decipher = createDecipheriv('aes-256-gcm', key, nonce(index, last), { authTagLength: tag }).setAAD(head).setAuthTag(bytes.subarray(-tag))
      await target.writeFile(Buffer.concat([decipher.update(bytes.subarray(0, -tag)), decipher.final()]))
    }
  })
}

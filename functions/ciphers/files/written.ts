import { randomBytes } from 'node:crypto'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import type { Files } from 'sallyport'

/**
 * Writes beside the place where it belongs, and puts it there when `work` has ended well, and not before: nothing is released
 * that may prove false at its end, and nothing is left of what failed. `work` writes by `writeFile`, which goes on where it is:
 * on a disk that is almost full `write` ends well after a part. It may read what it wrote. Throws whatever `work` and the disk throw.
 */
export async function written({ from, to }: Files, work: (source: FileHandle, target: FileHandle) => Promise<void>): Promise<void> {
  const beside = `${to}.${randomBytes(8).toString('hex')}.part`
  const source = await open(from, 'r')
  try {
    const target = await open(beside, 'wx+', 0o600)
    try {
      await work(source, target)
    } finally {
      await target.close()
    }
    await rename(beside, to)
  } catch (error) {
    await rm(beside, { force: true })
    throw error
  } finally {
    await source.close()
  }
}

import { renameSync, writeFileSync } from 'node:fs'

/** Replaces a file in one step, readable by its owner alone: a reader sees the old text or the new, never a part. */
export function writeWhole(file: string, text: string): void {
  const fresh = `${file}.${process.pid}.new`
  writeFileSync(fresh, text, { mode: 0o600 })
  renameSync(fresh, file)
}

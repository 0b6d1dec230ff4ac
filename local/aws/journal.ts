import { closeSync, openSync, writeSync } from 'node:fs'

/** Appends one JSON line per entry; a line is in the file when `add` returns. */
export type Journal = { add(entry: Readonly<Record<string, unknown>>): void; close(): void }

export function journal(path: string | undefined): Journal {
  if (path === undefined) return { add: () => undefined, close: () => undefined }
  const file = openSync(path, 'a', 0o600)
  let open = true
  return {
    add(entry) {
      if (open) writeSync(file, `${JSON.stringify(entry)}\n`)
    },
    close() {
      if (open) closeSync(file)
      open = false
    },
  }
}

import { closeSync, openSync, readSync, statSync } from 'node:fs'

/** Hands over each line that a file grows by from now on. Gives back the way to stop. */
export function tail(file: string, line: (text: string) => void): () => void {
  let at = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  let rest = Buffer.alloc(0)
  const look = (): void => {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0
    if (size < at) at = 0
    if (size === at) return
    const fresh = Buffer.alloc(size - at)
    const descriptor = openSync(file, 'r')
    const read = readSync(descriptor, fresh, 0, fresh.length, at)
    closeSync(descriptor)
    at += read
    const text = Buffer.concat([rest, fresh.subarray(0, read)])
    const end = text.lastIndexOf(10) + 1
    rest = text.subarray(end)
    for (const each of text.subarray(0, end).toString().split('\n')) if (each !== '') line(each)
  }
  const timer = setInterval(look, 200)
  return () => clearInterval(timer)
}
